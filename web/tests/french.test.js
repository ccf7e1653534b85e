import assert from "node:assert/strict";
import test from "node:test";
import { comeBack, here, hour, inParis } from "../scripts/french.js";

const plain = (text) => text.replaceAll("\u00a0", " ");
const NOW = Date.parse("2026-11-23T12:00:00Z");

test("a moment in Paris is written in one way", () => {
  assert.equal(plain(inParis("2026-11-24T01:00:00Z", NOW)), "24 novembre à 2 h");
  assert.equal(plain(inParis("2026-11-24T09:42:00Z", NOW)), "24 novembre à 10 h 42");
  assert.equal(plain(inParis("2026-08-31T22:05:00Z", NOW)), "1er septembre à 0 h 05");
  assert.equal(plain(inParis("2027-01-02T23:00:00Z", NOW)), "3 janvier 2027 à 0 h");
});

test("a moment of one's own is by one's own clock", (context) => {
  const zone = process.env.TZ;
  context.after(() => (zone === undefined ? delete process.env.TZ : (process.env.TZ = zone)));
  for (const [name, words] of [
    ["Indian/Reunion", "1er janvier 2027 à 0 h 30"],
    ["America/Martinique", "31 décembre à 16 h 30"],
  ]) {
    process.env.TZ = name;
    assert.equal(plain(here("2026-12-31T20:30:00Z", NOW)), words);
  }
});

test("an hour has its minutes unless it is a whole one", () => {
  assert.equal(plain(hour(new Date(2026, 10, 24, 10, 42))), "10 h 42");
  assert.equal(plain(hour(new Date(2026, 10, 24, 2, 0))), "2 h");
  assert.equal(plain(hour(new Date(2026, 10, 24, 0, 5))), "0 h 05");
});

test("who is told to come back later is told when, never too soon", () => {
  const now = new Date(2026, 10, 24, 10, 42, 30).getTime();
  assert.equal(plain(comeBack("600", now)), "Réessayez à partir de 10 h 53.");
  assert.equal(plain(comeBack("30", now)), "Réessayez à partir de 10 h 43.");
  for (const nothing of [null, undefined, "", "bientôt", "-5"]) assert.equal(comeBack(nothing, now), "");
});
