import assert from "node:assert/strict";
import test from "node:test";
import { unsentCases } from "../scripts/desk/drafts.js";
import {
  isHeldByMe,
  isHeldByOther,
  momentOf,
  titleOfEntry,
  titleOfOwnEntry,
  wordsOfAccount,
  wordsOfAge,
  wordsOfConflict,
  wordsOfFailures,
  wordsOfHeld,
  wordsOfMailKind,
  wordsOfMailState,
  wordsOfRoles,
} from "../scripts/desk/words.js";

const plain = (text) => text.replaceAll("\u00a0", " ");
const NOW = Date.parse("2026-11-27T13:00:00Z");

test("an age has its largest unit, and never is of the future", () => {
  const age = (since) => plain(wordsOfAge(since, NOW));
  assert.equal(age("2026-11-27T13:00:05Z"), "0 min");
  assert.equal(age("2026-11-27T12:01:00Z"), "59 min");
  assert.equal(age("2026-11-27T12:00:00Z"), "1 h");
  assert.equal(age("2026-11-25T13:01:00Z"), "47 h");
  assert.equal(age("2026-11-25T13:00:00Z"), "2 jours");
});

test("a lease that is over is nobody's, and one that is not names who and until when", () => {
  const held = (until, more = {}) => ({ by: "Claire Petit", until, is_mine: false, ...more });
  const open = held("2026-11-27T13:15:00Z");
  assert.equal(isHeldByOther(open, NOW), true);
  assert.equal(plain(wordsOfHeld(open, NOW)), "Claire Petit la traite, jusqu'à 14 h 15");
  assert.match(plain(wordsOfConflict(open, NOW)), /^Claire Petit traite cette demande jusqu'à 14 h 15\. Votre texte est conservé/);
  const mine = held("2026-11-27T13:15:00Z", { is_mine: true });
  assert.deepEqual([isHeldByMe(mine, NOW), isHeldByOther(mine, NOW)], [true, false]);
  assert.equal(plain(wordsOfHeld(mine, NOW)), "Vous la traitez, jusqu'à 14 h 15");
  for (const over of [held("2026-11-27T13:00:00Z"), held("2026-11-27T12:59:00Z", { is_mine: true }), null]) {
    assert.deepEqual([isHeldByMe(over, NOW), isHeldByOther(over, NOW)], [false, false]);
    assert.equal(wordsOfHeld(over, NOW), "Personne ne la traite");
    assert.match(wordsOfConflict(over, NOW), /envoyez de nouveau/);
  }
});

test("an entry is by somebody, without a word that depends on the first letter of their name", () => {
  const title = (kind, by, name = null) => plain(titleOfEntry({ kind, by, name }, "Jeanne Martin"));
  assert.equal(title("message", "person"), "Message, par Jeanne Martin");
  assert.equal(title("note", "agent", "Anne Roy"), "Note interne, par Anne Roy");
  assert.equal(title("taken", "agent", "Anne Roy"), "Anne Roy a pris la demande");
  assert.equal(title("reopened", "person"), "Jeanne Martin a rouvert la demande");
  assert.equal(title("succession", "service"), "Succession, par le service");
  assert.equal(title("answer", "agent"), "Réponse, par l'assistance");
  assert.equal(title("invented", "service"), "invented, par le service");
});

test("the person reads no agent's name", () => {
  assert.equal(titleOfOwnEntry({ kind: "message", by: "me" }), "Vous");
  assert.equal(titleOfOwnEntry({ kind: "answer", by: "agency", name: "Claire Petit" }), "L'assistance");
  assert.equal(titleOfOwnEntry({ kind: "closed", by: "me" }), "Vous avez fermé la demande");
  assert.equal(titleOfOwnEntry({ kind: "closed", by: "agency" }), "L'assistance a fermé la demande");
  assert.equal(titleOfOwnEntry({ kind: "succession", by: "agency" }), "Transmission du compte");
});

test("a moment has its hour: a deadline may depend on it", () => {
  assert.equal(plain(momentOf("2026-11-30T22:59:00Z", NOW)), "Le 30 novembre à 23 h 59");
});

test("what is not known is not said to be none", () => {
  assert.equal(wordsOfFailures(null), "Inconnues");
  assert.equal(wordsOfFailures(0), "Aucune");
  assert.equal(plain(wordsOfFailures(1)), "1 connexion refusée récemment");
  assert.equal(plain(wordsOfFailures(4)), "4 connexions refusées récemment");
  assert.equal(wordsOfAccount({ state: "none", holders: 0, members: 0 }), "Aucun compte pour ce SIRET");
  assert.equal(plain(wordsOfAccount({ state: "open", holders: 1, members: 3 })), "Ouvert, 1 titulaire, 3 personnes en tout");
});

test("mails and roles have words, and a name that this page does not know stands for itself", () => {
  assert.equal(wordsOfMailKind("ticket_receipt"), "Accusé de réception");
  assert.equal(wordsOfMailKind("ticket-receipt"), "Accusé de réception");
  assert.equal(wordsOfMailKind("dove"), "dove");
  assert.equal(wordsOfMailState("no_recipient"), "non envoyé, sans destinataire");
  assert.equal(wordsOfMailState("lost"), "lost");
  assert.equal(wordsOfRoles(["agent", "supervisor"]), "Superviseur");
  assert.equal(wordsOfRoles(["agent"]), "Agent");
});

test("unsent texts are known by their case, once, and not those that came filled in", () => {
  const storage = {
    "sesame:draft:answer-case:T-261126-AAAAA2": JSON.stringify({ text: "Bonjour", template: "" }),
    "sesame:draft:note-case:T-261126-AAAAA2": JSON.stringify({ text: "Vu" }),
    "sesame:draft:answer-case:T-261126-BBBBB2": JSON.stringify({ text: "  ", template: "other-service" }),
    "sesame:draft:propose-succession:T-261126-CCCCC2": JSON.stringify({ email: "j@exemple.fr", has_letter: true, text_letter: "" }),
    "sesame:draft:filter-cases": JSON.stringify({ siret: "73282932000074" }),
    "sesame:draft:note-case:T-261126-DDDDD2": "{",
    other: "x",
  };
  assert.deepEqual(unsentCases(storage), ["T-261126-AAAAA2"]);
});
