// The page's rules, by the cases that the server's are held to.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { RULES } from "../scripts/fields.js";

const FIELDS = JSON.parse(readFileSync(new URL("../../domain/tests/cases/fields.json", import.meta.url)));

for (const [field, { cases }] of Object.entries(FIELDS)) {
  test(`${field}: every case is kept or refused as the server does, in words that help`, () => {
    for (const { typed, kept, code, said } of cases) {
      const found = RULES[field](typed);
      assert.deepEqual([found.kept, found.code], [kept, code], JSON.stringify(typed));
      if (code) assert.ok(found.detail.includes(said), `${JSON.stringify(typed)}: ${found.detail}`);
      if (code) assert.doesNotMatch(found.detail, /n'existe pas|invalide/, "nobody is told so for a slip of the finger");
    }
  });
}

test("every separator is dropped wherever it stands", () => {
  for (const [field, plain] of [["siret", "73282932000074"], ["identifier", "AP7K3MQ2FD"], ["phone", "0612345678"]]) {
    for (const separator of FIELDS[field].dropped) {
      const typed = plain.slice(0, 4) + separator + plain.slice(4);
      assert.deepEqual(RULES[field](typed), RULES[field](plain), `${field} ${JSON.stringify(separator)}`);
    }
  }
});

test("a single wrong symbol of an identifier, or a swapped pair, is always seen", () => {
  const right = "7K3MQ2FD";
  for (let at = 0; at < 8; at += 1) {
    for (const symbol of "0123456789ABCDEFGHJKMNPQRSTVWXYZ") {
      if (symbol !== right[at]) assert.equal(RULES.identifier(right.slice(0, at) + symbol + right.slice(at + 1)).code, "identifier-format");
    }
  }
  for (let at = 0; at < 7; at += 1) {
    const swapped = right.slice(0, at) + right[at + 1] + right[at] + right.slice(at + 2);
    assert.equal(RULES.identifier(swapped).code, "identifier-format");
  }
});

test("the length of a password is counted as the server does, once composed", () => {
  assert.equal(RULES.password("xK9#mQ2$vLp").code, "password-too-short");
  assert.match(RULES.password("xK9#mQ2$vLp").detail, /^Il manque 1 caractère :/);
  assert.equal(RULES.password("e\u0301".repeat(11)).code, "password-too-short");
  assert.equal(RULES.password("🦀".repeat(12)).code, undefined);
  assert.equal(RULES.password("🦀".repeat(129)).code, "password-too-long");
  assert.equal(RULES.password("            ").kept, "            ", "spaces count");
});
