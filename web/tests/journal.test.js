// The page's verification of journals, by the cases that the server's is held to.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { isWhole, join, verify } from "../scripts/journal.js";
import { parseKey, verifySigned } from "../scripts/signed-note.js";

// `keys` are the service's, made from `seeds`. A case is a file: lines of `pool`, each with its line end or with
// `end`, what stands `before` them, without the last `cut` characters; or its `text`, or its bytes in `base64`.
// It is verified by the keys of those ranks, all by default. `volumes` are files that are verified together, by all
// keys; `unsigned` are files without signatures.
const CASES = new URL("../../domain/tests/cases/journals.json", import.meta.url);
const { keys, pool, cases, volumes, unsigned } = JSON.parse(readFileSync(CASES));
const KEYS = keys.map(parseKey);

function fileOf({ lines = [], end = "\n", before = "", cut = 0, text, base64 }) {
  if (base64 !== undefined) return new Uint8Array(Buffer.from(base64, "base64"));
  const joined = text ?? before + lines.map((rank) => pool[rank] + end).join("");
  return new TextEncoder().encode(joined.slice(0, joined.length - cut));
}

function told(result) {
  const { line, why, doubt, siret, before, end, entries, closedAt } = result;
  if (why) return { line, why };
  if (doubt) return { doubt };
  const part = isWhole(result) ? {} : { first: Number(before.entries + 1n), last: Number(end.entries) };
  return { siret, ...part, entries: Number(entries), closed_at: closedAt };
}

/** What of volumes is not one journal. */
function misfit({ other, missing, rank, repeated, replaced }) {
  const numbers = { other, missing: missing?.map(Number), rank, repeated, replaced };
  const given = Object.entries(numbers).filter(([, number]) => number !== undefined);
  return Object.fromEntries(given.map(([name, number]) => [name, name === "missing" ? number : Number(number)]));
}

/** What a case says, without what it is made of. */
function wanted({ what, lines, end, before, cut, text, base64, keys, files, ...said }) {
  return said;
}

test("every case is verified as the service does", () => {
  assert.ok(cases.length > 100);
  for (const each of cases) {
    const known = each.keys?.map((rank) => KEYS[rank]) ?? KEYS;
    assert.deepEqual(told(verifySigned(fileOf(each), known)), wanted(each), each.what);
  }
});

test("volumes together are verified as the service does", () => {
  assert.ok(volumes.length > 10);
  for (const each of volumes) {
    const joined = join(each.files.map((lines) => verifySigned(fileOf({ lines }), KEYS)));
    assert.deepEqual(joined.siret ? told(joined) : misfit(joined), wanted(each), each.what);
  }
});

test("every sequence of whole lines is verified as the service does", () => {
  assert.ok(unsigned.length > 100);
  for (const each of unsigned) assert.deepEqual(told(verify(fileOf(each))), wanted(each), each.lines.join(" "));
});

test("a journal that is whole says which keys signed it, and who else did", () => {
  const [, previous] = KEYS;
  const both = cases.find(({ what }) => what === "whole, signed by both keys");
  const { signatures } = verifySigned(fileOf(both), [previous]);
  assert.deepEqual(signatures.map(({ key }) => key), [undefined, previous]);
  assert.deepEqual(signatures.map(({ name, id }) => `${name}+${id}`), KEYS.map(({ name, id }) => `${name}+${id}`));
});

test("a printed key is read if its id is its own", () => {
  assert.deepEqual(KEYS.map(({ printed }) => printed), keys);
  // As Go's `note` package and its checksum database print theirs.
  for (const printed of [
    "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
    "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8",
  ]) {
    assert.equal(parseKey(printed).printed, printed);
  }
  const [right] = keys;
  const [name, id, encoded] = [right.split("+")[0], right.split("+")[1], right.split("+").slice(2).join("+")];
  for (const wrong of [
    "",
    right.replace("journal", "diary"),
    right.toUpperCase(),
    `${right}A`,
    `+${right}`,
    ` ${right}`,
    `${right}\n`,
    `${name}+00000000+${encoded}`,
    `${name}+${id}`,
    `${name}+${id}+${encoded.replace("A", "B")}`,
  ]) {
    assert.equal(parseKey(wrong), null, JSON.stringify(wrong));
  }
});

test("every changed bit of a whole journal is found, in its line or by its signature", () => {
  const whole = fileOf(cases[0]);
  const textBytes = whole.length - Buffer.byteLength(`\n${pool[cases[0].lines.at(-1)]}\n`);
  for (let place = 0; place < whole.length; place += 1) {
    const changed = whole.slice();
    changed[place] ^= 1 << place % 8;
    const { line, doubt } = verifySigned(changed, KEYS);
    const before = whole.subarray(0, place).filter((byte) => byte === 0x0a).length + 1;
    if (place < textBytes) assert.equal(line, before, `byte ${place}`);
    else assert.ok(line || doubt, `byte ${place}`);
  }
});
