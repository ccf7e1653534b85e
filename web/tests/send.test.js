import assert from "node:assert/strict";
import test from "node:test";
import { NoAnswer, delaySeconds, insist, send } from "../scripts/send.js";

const MANY = 1000;
const delays = (count, retryAfter) => Array.from({ length: MANY }, () => delaySeconds(count, retryAfter));
const span = (list) => [Math.min(...list), Math.max(...list)];

test("those who were refused together come back spread out, from the first time on", () => {
  for (const [count, retryAfter, least, most] of [
    [1, null, 1, 2],
    [3, null, 4, 8],
    [20, null, 30, 60],
    [1, "30", 30, 45],
    [1, "600", 600, 900],
  ]) {
    const list = delays(count, retryAfter);
    const [first, last] = span(list);
    assert.ok(first >= least && last <= most, `${first} to ${last} for ${retryAfter}`);
    assert.ok(last - first > 0.9 * (most - least), `${first} to ${last} for ${retryAfter}`);
    assert.ok(new Set(list).size > 0.99 * MANY, "they are rounded");
  }
});

test("no server makes a page wait for more than it may ask, nor by what is no time", () => {
  const never = "Fri, 01 Jan 2100 00:00:00 GMT";
  for (const asked of ["86400", "9".repeat(400), never]) {
    const [first, last] = span(delays(1, asked));
    assert.ok(first >= 600 && last <= 900, `${first} to ${last} for ${asked}`);
  }
  for (const asked of ["bientôt", "", "-5", "1e9", "Fri, 01 Jan 2021 00:00:00 GMT"]) assert.ok(span(delays(1, asked))[1] <= 2, asked);
  const soon = span(delays(1, new Date(Date.now() + 60_000).toUTCString()));
  assert.ok(soon[0] > 57 && soon[1] < 91, String(soon));
});

/** Insists on what `attempt` gives, in no time; says how often, for how long, and how it ended. */
async function insistOn(t, attempt) {
  t.mock.timers.enable({ apis: ["Date"] });
  let count = 0;
  const counted = async () => {
    count += 1;
    return attempt(count);
  };
  const ended = await insist(counted, async (_, seconds) => t.mock.timers.tick(Math.ceil(seconds * 1000))).catch((error) => error);
  return { count, minutes: Date.now() / 60_000, ended };
}

test("refused for now, it comes back for half an hour", async (t) => {
  const { minutes, ended } = await insistOn(t, () => ({ status: 503, retryAfter: null }));
  assert.ok(minutes >= 30 && minutes <= 32, String(minutes));
  assert.ok(ended instanceof NoAnswer && ended.isOverloaded);
});

test("when nobody answers eight times in a row it stops, but not when somebody does in between", async (t) => {
  const alone = await insistOn(t, () => null);
  assert.equal(alone.count, 8);
  assert.ok(alone.ended instanceof NoAnswer && !alone.ended.isOverloaded);
  t.mock.timers.reset();
  const mixed = await insistOn(t, (count) => (count === 7 ? { status: 429 } : count === 15 ? { status: 200 } : null));
  assert.deepEqual(mixed.ended, { status: 200 });
});

const json = (status, body) => new Response(JSON.stringify(body), { status, headers: { "Content-Type": "application/json" } });
const problem = (status, name) => json(status, { type: `/problems/${name}`, status });

/** Sends in no time, to whom these answers are given in their order; null is silence. */
async function sendTo(t, ...answers) {
  t.mock.method(globalThis, "fetch", async () => {
    const answer = answers.shift();
    if (!answer) throw new TypeError("no network");
    return answer;
  });
  const answer = await send("POST", "/api/x", "{}", { waiting: async () => {} });
  return { status: answer.status, uncertain: answer.uncertain, left: answers.length };
}

test("what Lambda and API Gateway answer by themselves when they have no room is for now", async (t) => {
  for (const busy of [
    json(500, { message: "Internal Server Error" }),
    new Response("<h1>Error</h1>", { status: 500 }),
    json(503, { message: "Service Unavailable" }),
    json(504, { message: "Endpoint request timed out" }),
    new Response("", { status: 502 }),
    problem(503, "unavailable"),
  ]) {
    assert.deepEqual(await sendTo(t, busy, json(202, {})), { status: 202, uncertain: true, left: 0 });
  }
});

test("a failure of our own is an answer, and so are too many attempts", async (t) => {
  for (const [status, name] of [[500, "internal"], [429, "too-many-attempts"]]) {
    assert.deepEqual(await sendTo(t, problem(status, name), json(202, {})), { status, uncertain: false, left: 1 });
  }
});

test("a request that was throttled was not carried out, one that was not answered may have been", async (t) => {
  const throttled = () => json(429, { message: "Too Many Requests" });
  const refused = () => problem(403, "proof-rejected");
  assert.deepEqual(await sendTo(t, throttled(), throttled(), refused()), { status: 403, uncertain: false, left: 0 });
  assert.deepEqual(await sendTo(t, null, throttled(), refused()), { status: 403, uncertain: true, left: 0 });
});

test("a file is taken as it came, and only if it is one", async (t) => {
  const file = (type) => new Response("ligne\n", { headers: { "Content-Type": type } });
  const answers = [file("text/html; charset=utf-8"), file("text/plain; charset=utf-8"), problem(401, "no-session")];
  t.mock.method(globalThis, "fetch", async () => answers.shift());
  const ask = () => send("GET", "/api/x", undefined, { waiting: async () => {}, file: "text/plain" });
  // What a network puts in its place is asked for again.
  assert.deepEqual((await ask()).data, { text: "ligne\n" });
  assert.equal((await ask()).data.type, "/problems/no-session");
});
