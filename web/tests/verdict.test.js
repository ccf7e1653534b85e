// What is said of a journal that was verified.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { parseKey, verifySigned } from "../scripts/signed-note.js";
import { verdictOf } from "../scripts/verdict.js";

const CASES = new URL("../../domain/tests/cases/journals.json", import.meta.url);
const { keys, pool, cases } = JSON.parse(readFileSync(CASES));
const KEYS = keys.map(parseKey);

function verdict(what, known = KEYS) {
  const { lines, end = "\n", before = "" } = cases.find((each) => each.what === what);
  const text = before + lines.map((rank) => pool[rank] + end).join("");
  const result = verifySigned(new TextEncoder().encode(text), known);
  return verdictOf(result, known, (number) => text.split("\n")[number - 1]);
}

test("a whole journal says what it is, and by which key", () => {
  const { state, title, said, signers, line } = verdict("whole, of five entries");
  assert.deepEqual([state, signers, line], ["whole", [keys[0]], undefined]);
  assert.match(title, /entier/);
  const readable = said[0].replace(/\s/g, " ");
  assert.match(readable, /SIRET 732 829 320 00074, 5 entrées, journal remis le 1er décembre 2026 à 9 h,/);
  assert.deepEqual(verdict("whole, signed by both keys").signers, keys);
  assert.match(verdict("whole, without an entry").said[0], /aucune entrée/);
});

test("without a key it is not said to be whole", () => {
  const { state, title, said, signers } = verdict("whole, of five entries", []);
  assert.deepEqual([state, signers], ["unsure", []]);
  assert.match(title, /la signature n'a pas été vérifiée/);
  assert.match(said.join(" "), /D'après le fichier.*sesame\.example\/journal, clé [0-9a-f]{8}.*collez la clé/);
});

test("what is refused is never said to be good, and what can be done is", () => {
  for (const [what, words] of [
    ["signed by somebody unknown alone", /aucune des clés données.*demandez-lui celle de ce jour-là/],
    ["the signature of another establishment's journal", /n'est pas celle de ce texte.*Téléchargez de nouveau/],
    ["no signature and no blank line", /manque ou a été modifiée.*Téléchargez de nouveau/],
    ["a name is another", /^La ligne 4 a été modifiée.*Téléchargez de nouveau/],
    ["an entry is missing", /^Une ligne manque à la place de la ligne 4/],
    ["lines 3 and 6 have changed places", /^La ligne 3 n'est pas à sa place/],
    ["line 3 stands again as line 4", /^La ligne 4 a été ajoutée/],
    ["a whole line in the place of another", /^La ligne 4 n'est plus celle d'origine/],
    ["saved with carriage returns", /^Un programme a enregistré.*tel qu'il a été téléchargé/],
    ["saved with a byte order mark", /^Un programme a enregistré/],
  ]) {
    const { state, title, said, signers } = verdict(what);
    assert.deepEqual([state, signers], ["refused", []], what);
    assert.match([title, ...said].join(" "), words, what);
  }
});

test("the line that is named is shown, unless it is missing", () => {
  assert.match(verdict("a name is another").line, /Jean/);
  assert.equal(verdict("an entry is missing").line, undefined);
  const other = verdictOf(verifySigned(new TextEncoder().encode("Bonjour.\n"), KEYS), KEYS, () => "Bonjour.");
  assert.match(other.title, /n'est pas un journal/);
});
