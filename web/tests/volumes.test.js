// The volumes of a journal, as my space downloads them.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { nameOf, nextOf } from "../scripts/space/volumes.js";

const CASES = new URL("../../domain/tests/cases/journals.json", import.meta.url);
const { pool, volumes } = JSON.parse(readFileSync(CASES));

const texts = (what) =>
  volumes.find((each) => each.what === what).files.map((lines) => lines.map((rank) => `${pool[rank]}\n`).join(""));

test("each volume says its name and what follows it", () => {
  const [first, second, third] = texts("all three, in order");
  const names = [first, second, third].map(nameOf);
  assert.deepEqual(names, ["1", "3", "5"].map((from) => `journal-73282932000074-${from}.txt`));
  assert.deepEqual(nextOf(first), {
    url: "/api/space/journal?siret=73282932000074&from=3",
    doing: "Préparation du fichier suivant, à partir de l'entrée 3 sur 5…",
  });
  assert.equal(nextOf(second).url, "/api/space/journal?siret=73282932000074&from=5");
  assert.equal(nextOf(third), null);
});

test("a journal of one volume has no number in its name", () => {
  const [whole] = texts("the whole in one file");
  assert.deepEqual([nameOf(whole), nextOf(whole)], ["journal-73282932000074.txt", null]);
});
