import assert from "node:assert/strict";
import test from "node:test";
import { dayInWords, dayOf, readDay, sentDay, typedDay, yearFrom } from "../scripts/days.js";
import { RULES } from "../scripts/fields.js";

const plain = (text) => text.replaceAll("\u00a0", " ");

test("a day is read as people type it", () => {
  for (const typed of [
    ...["23/11/2026", " 23-11-2026 ", "23.11.2026", "23 11 2026", "23/11/26", "2026-11-23", "2026-11-23\n"],
    ...["23 novembre 2026", "23 Novembre 2026", "23\u00a0novembre\u00a02026"],
  ]) {
    assert.equal(readDay(typed), "2026-11-23", JSON.stringify(typed));
    assert.equal(RULES.from(typed).kept, "2026-11-23");
  }
  assert.equal(readDay("1er août 2027"), "2027-08-01");
  assert.equal(readDay("29/02/2028"), "2028-02-29");
});

test("what is no day is none, in words that help", () => {
  for (const typed of ["", "demain", "31/02/2026", "29/02/2027", "23/13/2026", "23/11", "2026-1123", "23 nivôse 26"]) {
    assert.equal(readDay(typed), null, JSON.stringify(typed));
    assert.equal(sentDay(typed), typed, "the service says what is wrong with it");
    assert.equal(RULES.until(typed).code, "date-format");
  }
});

test("a year has its last day on the eve of the same date", () => {
  assert.equal(yearFrom("2026-11-27"), "2027-11-26");
  assert.equal(yearFrom("2027-03-01"), "2028-02-29");
  assert.equal(yearFrom("2028-02-29"), "2029-02-28");
  assert.equal(typedDay("2026-11-27"), "27/11/2026");
});

test("a moment is of the day that it is in Paris", () => {
  assert.equal(dayOf("2026-11-27T22:30:00Z"), "2026-11-27");
  assert.equal(dayOf("2026-11-27T23:30:00Z"), "2026-11-28");
  assert.equal(dayOf("2026-11-27"), "2026-11-27");
  assert.equal(plain(dayInWords("2026-12-01")), "1er décembre 2026");
  assert.equal(plain(dayInWords("2026-11-27T23:30:00Z")), "28 novembre 2026");
});
