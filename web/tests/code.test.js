import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { ownerOf, readCode } from "../scripts/code.js";
import { RULES } from "../scripts/fields.js";

const FIELDS = JSON.parse(readFileSync(new URL("../../domain/tests/cases/fields.json", import.meta.url)));

test("a code is read as forgivingly as an identifier", () => {
  for (const typed of ["7K3M-Q2FD", "7k3mq2fd", " 7K3M Q2FD\n", "7K3M–Q2FD", "7k3m - q2fd.", "\u200b7K3M\u00a0Q2FD"]) {
    assert.equal(readCode(typed), "7K3M-Q2FD", JSON.stringify(typed));
    assert.equal(RULES.code(typed).kept, "7K3M-Q2FD", JSON.stringify(typed));
  }
  assert.equal(readCode("o0oO-iIlL"), "0000-1111");
  for (const separator of FIELDS.identifier.dropped) assert.equal(readCode(`7K3M${separator}Q2FD`), "7K3M-Q2FD", JSON.stringify(separator));
});

test("what is no code is said to be none, in words that help", () => {
  for (const [typed, words] of [
    ["7K3M-Q2F", "Il manque 1 caractère"],
    ["7K3M-Q2FDD", "1 caractère de trop"],
    ["7K3M-Q2FU", "pas de « U »"],
    ["7K3M-Q2Fé", "pas de « é »"],
    ["AP-7K3M-Q2FD", "C'est votre identifiant"],
    ["x".repeat(65), "trop long"],
    ["7K3M\u0000Q2F", "caractère invisible"],
    // A long s goes to S in capitals.
    ["7K3M-Q2Fſ", "pas de « ſ »"],
  ]) {
    assert.equal(readCode(typed), null, typed);
    const { code, detail } = RULES.code(typed);
    assert.equal(code, "code-format");
    assert.ok(detail.includes(words), `${JSON.stringify(typed)}: ${detail}`);
  }
});

test("one field tells an identifier from a SIRET, also a wrong one", () => {
  for (const typed of ["732 829 320 00074", "SIRET 73282932000074", "73282932OO0074", "732829320", "732 829 320 000"]) {
    assert.deepEqual(ownerOf(typed), { siret: typed });
    assert.deepEqual(RULES.identifier_or_siret(typed), RULES.siret(typed));
  }
  for (const typed of ["AP-7K3M-Q2FD", "7k3mq2fd", "AP-1234-5678", "12345678", "jeanne@exemple.fr", ""]) {
    assert.deepEqual(ownerOf(typed), { identifier: typed });
    assert.deepEqual(RULES.identifier_or_siret(typed), RULES.identifier(typed));
  }
});

test("every SIRET and every identifier that the service takes is told by the one field", () => {
  for (const field of ["siret", "identifier"]) {
    for (const { typed, kept } of FIELDS[field].cases) {
      if (kept) assert.deepEqual(ownerOf(typed), { [field]: typed });
    }
  }
});
