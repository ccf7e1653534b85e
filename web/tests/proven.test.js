import assert from "node:assert/strict";
import test from "node:test";
import { MaybeDone, sendProven } from "../scripts/proven.js";

const refused = { status: 403, data: { type: "/problems/proof-rejected" }, uncertain: false };
const used = { status: 409, data: { type: "/problems/proof-already-used" }, uncertain: false };
const required = { status: 403, data: { type: "/problems/proof-required" }, uncertain: false };
const done = { status: 202, data: {}, uncertain: false };
const uncertain = (answer) => ({ ...answer, uncertain: true });

/** Gives these answers in their order; says what came of it and how many proofs it took. */
async function sendWith(answers, isRepeatable = false) {
  const renewed = [];
  const attempt = async () => answers.shift();
  const renew = (isRequired) => renewed.push(isRequired ? "first" : "another");
  const ended = await sendProven({ attempt, renew, isRepeatable }).catch((error) => error);
  return { ended, renewed };
}

test("a refused proof with which nothing can have been done is exchanged", async () => {
  for (const refusal of [refused, used]) {
    assert.deepEqual(await sendWith([refusal, done]), { ended: done, renewed: ["another"] });
  }
  assert.deepEqual(await sendWith([required, refused, done]), { ended: done, renewed: ["first", "another"] });
});

test("after an attempt that may have been carried out a proof is never exchanged", async () => {
  for (const answers of [[uncertain(refused)], [uncertain(used)], [refused, uncertain(refused)], [refused, refused, uncertain(refused)]]) {
    const count = answers.length;
    const { ended, renewed } = await sendWith([...answers, done]);
    assert.ok(ended instanceof MaybeDone);
    assert.equal(renewed.length, count - 1);
  }
});

test("what may be done twice goes on with another proof", async () => {
  assert.deepEqual(await sendWith([uncertain(refused), done], true), { ended: done, renewed: ["another"] });
});

test("any other answer is given back, and so is the third refusal", async () => {
  assert.deepEqual(await sendWith([uncertain(done)]), { ended: uncertain(done), renewed: [] });
  assert.deepEqual(await sendWith([refused, refused, refused, done]), { ended: refused, renewed: ["another", "another"] });
});
