import assert from "node:assert/strict";
import test from "node:test";
import { LINES_MAX, decode, piecesOf, resultsOf } from "../scripts/space/pieces.js";

const SIRET = "73282932000074";
const lines = (count) => Array.from({ length: count }, (_, rank) => `Client ${rank};${SIRET}`);

test("a list is cut into pieces of eight lines, each with the header line of the list", () => {
  const { pieces, count } = piecesOf(["Nom;N° SIRET", ...lines(20)].join("\r\n"));
  assert.equal(count, 20);
  assert.deepEqual(pieces.map(({ numbers }) => numbers.length), [8, 8, 4]);
  assert.ok(pieces.every(({ list }) => list.startsWith("Nom;N° SIRET\n")));
  assert.deepEqual(pieces[1].numbers, [10, 11, 12, 13, 14, 15, 16, 17], "lines of the whole list, from 1");
});

test("results are told by the lines of the whole list", () => {
  const withHeader = piecesOf(["SIRET", ...lines(9)].join("\n")).pieces[1];
  assert.deepEqual(resultsOf(withHeader, [{ line: 2, siret: SIRET, result: "offered" }]), [[10, SIRET, "offered"]]);
  const without = piecesOf(lines(9).join("\n")).pieces[1];
  assert.deepEqual(resultsOf(without, [{ line: 1, siret: null, result: "invalid" }]), [[9, "", "invalid"]]);
});

test("what names the column is what the service takes for it", () => {
  for (const header of ["SIRET", "siret", "N° SIRET", "Numéro de SIRET client", "Nom;Code SIRET", '"Siret","Nom"']) {
    assert.equal(piecesOf(`${header}\n${SIRET}`).count, 1, header);
  }
  for (const line of [SIRET, `Nom;${SIRET}`, "SIRET de la boulangerie", "SIREN"]) {
    assert.equal(piecesOf(`${line}\n${SIRET}`).count, 2, line);
  }
});

test("blank lines are skipped and keep their numbers", () => {
  const { pieces, count } = piecesOf(`\n;;\n${SIRET}\n" "\n\t\n${SIRET}\n`);
  assert.equal(count, 2);
  assert.deepEqual(pieces[0].numbers, [3, 6]);
  assert.deepEqual(piecesOf("SIRET\n\n"), { pieces: [], count: 0 });
});

test("no piece is larger than a body may be, however long its lines", () => {
  for (const filling of ["x", "é", "\u0001", "漢", '"']) {
    const long = `${SIRET};${filling.repeat(20_000)}`;
    const { pieces } = piecesOf([`SIRET;${filling.repeat(20_000)}`, ...Array(9).fill(long)].join("\n"));
    assert.equal(pieces.flatMap(({ numbers }) => numbers).length, 9);
    for (const { list } of pieces) {
      assert.ok(list.includes(SIRET));
      assert.ok(new TextEncoder().encode(JSON.stringify(list)).length < 14_000, JSON.stringify(filling));
    }
  }
});

test("as many lines as the service takes are cut in no time", () => {
  const begun = performance.now();
  assert.equal(piecesOf(lines(LINES_MAX).join("\n")).pieces.length, LINES_MAX / 8);
  assert.ok(performance.now() - begun < 2000);
});

test("a file is read in the encodings that spreadsheets write", () => {
  const text = `Établissement;SIRET\n`;
  const marked = `\ufeff${text}`;
  const utf16 = () => Buffer.from(marked, "utf16le");
  for (const file of [Buffer.from(text), Buffer.from(marked), Buffer.from(text, "latin1"), utf16(), utf16().swap16()]) {
    const { buffer, byteOffset, byteLength } = file;
    assert.equal(decode(buffer.slice(byteOffset, byteOffset + byteLength)), text);
  }
});
