import assert from "node:assert/strict";
import test from "node:test";
import { seek } from "../scripts/space/seek.js";

/** A list of so many pages of 50, of which every `nth` mandate is sought. Says what was asked of it. */
function listOf(pages, nth) {
  const asked = [];
  const ask = async (cursor) => {
    asked.push(cursor);
    const page = Number(cursor ?? 0);
    const mandates = Array.from({ length: 50 }, (_, rank) => ({ rank: page * 50 + rank }));
    return { mandates, next: page + 1 < pages ? String(page + 1) : null };
  };
  return { asked, ask, isSought: ({ rank }) => rank % nth === 0, from: null, isWanted: () => true };
}

test("what is sought is found behind the first pages too", async () => {
  const list = listOf(9, 400);
  const { found, next } = await seek(list);
  assert.deepEqual([found.map(({ rank }) => rank), next], [[0, 400], null]);
  assert.equal(list.asked.length, 9);
});

test("it stops once there is a page of it, and says where the list goes on", async () => {
  const list = listOf(100, 5);
  const { found, next } = await seek(list);
  assert.deepEqual([found.length, next, list.asked], [20, "2", [null, "1"]]);
});

test("it asks 25 times at most", async () => {
  const list = listOf(1000, 1e9);
  assert.deepEqual([(await seek({ ...list, from: "1" })).next, list.asked.length], ["26", 25]);
});

test("a search that another has taken the place of asks no more, and gives nothing", async () => {
  const list = listOf(100, 1e9);
  const isWanted = () => list.asked.length < 3;
  assert.equal(await seek({ ...list, isWanted }), null);
  assert.equal(list.asked.length, 3);
});
