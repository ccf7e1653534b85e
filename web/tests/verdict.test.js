// What is said of a journal that was verified.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { parseKey, verifySigned } from "../scripts/signed-note.js";
import { verdictOf } from "../scripts/verdict.js";

const CASES = new URL("../../domain/tests/cases/journals.json", import.meta.url);
const { keys, pool, cases, volumes } = JSON.parse(readFileSync(CASES));
const KEYS = keys.map(parseKey);

function verdict(what, known = KEYS) {
  const { lines, end = "\n", before = "" } = cases.find((each) => each.what === what);
  const text = before + lines.map((rank) => pool[rank] + end).join("");
  return verdictOf([judged("journal.txt", text, known)], known);
}

const judged = (name, text, known) => ({
  name,
  result: verifySigned(new TextEncoder().encode(text), known),
  lineAt: (number) => text.split("\n")[number - 1],
});

/** Of volumes that are given together, as files «1.txt», «2.txt» and so on. */
function verdictTogether(what, known = KEYS, change = (text) => text) {
  const { files } = volumes.find((each) => each.what === what);
  const texts = files.map((lines) => lines.map((rank) => `${pool[rank]}\n`).join(""));
  return verdictOf(texts.map((text, rank) => judged(`${rank + 1}.txt`, change(text, rank), known)), known);
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
  const other = verdictOf([judged("journal.txt", "Bonjour.\n", KEYS)], KEYS);
  assert.match(other.title, /n'est pas un journal/);
});

test("volumes together are whole, or the first that does not fit is named", () => {
  const { state, title, said, signers } = verdictTogether("all three, in another order");
  assert.deepEqual([state, signers], ["whole", [keys[0]]]);
  assert.match(`${title} ${said[0]}`, /entier.* 5 entrées, journal remis/);
  for (const [what, words] of [
    ["the second is missing", /^Il manque les entrées 3 à 4 .*tous les fichiers/],
    ["the last is missing", /^Il manque l'entrée 5 /],
    ["the second twice", /ne se suivent pas .*3\.txt répète l'entrée 3\./],
    ["one of another establishment", /ne se suivent pas .*3\.txt est d'un autre établissement/],
    ["the first of another opening", /ne se suivent pas .*2\.txt n'est pas la suite de l'entrée 2\./],
  ]) {
    const refused = verdictTogether(what);
    assert.deepEqual([refused.state, refused.signers], ["refused", []], what);
    assert.match([refused.title, ...refused.said].join(" "), words, what);
  }
});

test("a volume alone is said to be a part, and never the whole", () => {
  const { state, title, said, signers } = verdictTogether("the second alone");
  assert.deepEqual([state, signers], ["part", [keys[0]]]);
  assert.match(title, /qu'une partie du journal/);
  assert.match(said.join(" "), /entrées 3 à 4 sur 5.*tous les fichiers/);
  const unsure = verdictTogether("the second alone", []);
  assert.equal(unsure.state, "unsure");
  assert.match(unsure.said[0], /entrées 3 à 4 sur 5/);
});

test("the file that spoils the others is named", () => {
  const altered = verdictTogether("all three, in order", KEYS, (text, rank) => (rank === 1 ? text.replace("Paul", "Jean") : text));
  assert.deepEqual([altered.state, altered.title], ["refused", "La ligne 2 a été modifiée"]);
  assert.match(`${altered.said[0]} ${altered.line}`, /2\.txt.*Jean/);
  const unsigned = verdictTogether("all three, in order", KEYS, (text, rank) => (rank === 2 ? text.split("\n\n")[0] + "\n" : text));
  assert.equal(unsigned.state, "refused");
  assert.match(`${unsigned.title} ${unsigned.said[0]}`, /signature.*manque.*3\.txt/);
  const unknown = verdictTogether("all three, in order", []);
  assert.deepEqual([unknown.state, unknown.signers], ["unsure", []]);
  assert.match(unknown.said[0], /5 entrées/);
  assert.equal(verdictTogether("all three, in order", [KEYS[1]]).state, "refused");
});
