import assert from "node:assert/strict";
import test from "node:test";
import {
  isLastHolder,
  isToAnswer,
  readablePhone,
  soughtOf,
  wordsOfInvitation,
  wordsOfMandate,
  wordsOfMember,
  wordsOfScopes,
  wordsOfSuccessor,
  wordsOfTerm,
} from "../scripts/space/words.js";
import { changesOf, questionsOf } from "../scripts/space/questions.js";

const plain = (text) => text.replaceAll("\u00a0", " ");
const TODAY = "2026-11-27";

test("a mandate has words for each state, from either side", () => {
  const said = (state, more = {}) => {
    const mandate = { state, as: "client", offered_by: "cabinet", from: "2026-01-01", ...more };
    return plain(wordsOfMandate(mandate, TODAY));
  };
  assert.equal(said("offered"), "À accepter ou à refuser");
  assert.equal(said("offered", { offered_by: "client" }), "Proposé, en attente de réponse");
  assert.equal(said("active"), "En cours");
  assert.equal(said("active", { from: "2026-12-01" }), "Accepté, commence le 1er décembre 2026");
  assert.equal(said("declined"), "Refusé");
  assert.equal(said("ended"), "Terminé");
  assert.equal(said("lapsed"), "Resté sans réponse");
  assert.equal(isToAnswer({ state: "active", as: "client", offered_by: "cabinet" }), false);
});

test("an invitation says until when, or what helps", () => {
  const until = "2026-12-03T10:00:00Z";
  assert.equal(plain(wordsOfInvitation({ state: "open", until })), "En attente, jusqu'au 3 décembre 2026");
  assert.equal(wordsOfInvitation({ state: "bounced", until }), "Le courriel n'est pas arrivé : vérifiez l'adresse, et renvoyez");
  assert.equal(plain(wordsOfInvitation({ state: "expired", until })), "Expirée depuis le 3 décembre 2026");
  assert.equal(wordsOfInvitation({ state: "teleported", until }), "");
});

test("scopes, terms, members and telephones are said as people say them", () => {
  assert.equal(wordsOfScopes(["read", "indemnify"]), "consulter le dossier, déposer les demandes d'indemnisation");
  const term = { from: "2026-01-01", until: "2026-12-31" };
  assert.equal(plain(wordsOfTerm(term)), "du 1er janvier 2026 au 31 décembre 2026");
  const since = "2026-11-03T10:00:00Z";
  assert.equal(plain(wordsOfMember({ role: "holder", since })), "Titulaire, depuis le 3 novembre 2026");
  assert.equal(plain(readablePhone("+33123456789")), "01 23 45 67 89");
  assert.equal(readablePhone("+3221234567"), "+3221234567");
});

test("a suspended holder does not count among those who can decide", () => {
  const [active, suspended] = ["active", "suspended"].map((state) => ({ role: "holder", state }));
  assert.equal(isLastHolder([active, suspended, { role: "member", state: "active" }]), true);
  assert.equal(isLastHolder([active, active]), false);
});

test("what can be done with a colleague follows from what they are", () => {
  const names = (member, isLast = false) => changesOf(member, isLast).map(([change]) => change);
  assert.deepEqual(names({ role: "member", state: "active" }), ["promote", "suspend", "remove"]);
  assert.deepEqual(names({ role: "holder", state: "active" }), ["demote", "suspend", "remove"]);
  assert.deepEqual(names({ role: "holder", state: "suspended" }), ["resume", "remove"]);
  assert.deepEqual(names({ role: "holder", state: "active", is_me: true }), ["demote-me"]);
  assert.deepEqual(names({ role: "holder", state: "active", is_me: true }, true), []);
});

test("the beginning of a SIRET is sought by its digits, a name as it is written", () => {
  assert.equal(soughtOf(" 732 829 "), "732829");
  assert.equal(soughtOf(" Boulangerie 2 "), "Boulangerie 2");
});

test("a successor who is named is named since a day, and taken back once it is confirmed", () => {
  const successor = { first_name: "Inès", last_name: "Roche", named_at: "2026-11-03T10:00:00Z" };
  assert.equal(plain(wordsOfSuccessor(successor)), "Depuis le 3 novembre 2026");
  const asked = (named) => questionsOf({ establishment: { siret: "73282932000074", ...named } }).unname();
  assert.equal(asked({ successor: null }), null);
  assert.equal(asked({}), null);
  const { method, url, title, body } = asked({ successor });
  assert.deepEqual([method, url, body], ["DELETE", "/api/space/successor?siret=73282932000074", undefined]);
  assert.equal(title, "Retirer la désignation de Inès Roche ?");
});

test("what a lost answer leaves in doubt is said in words of its own, of what cannot be done twice", () => {
  const me = { member: "m", first_name: "Inès", last_name: "Roche", role: "holder", state: "active" };
  const invitation = { invitation: "i", first_name: "Inès", last_name: "Roche" };
  const asked = questionsOf({ establishment: { siret: "73282932000074", members: [me], invitations: [invitation] } });
  const change = (name) => asked.change({ change: name, member: "m" }).maybeDone;
  assert.equal(change("remove"), "Inès Roche n'a sans doute plus accès à l'établissement.");
  assert.equal(change("demote-me"), "vous êtes sans doute utilisateur.");
  assert.equal(change("suspend"), undefined);
  assert.equal(asked.withdraw({ invitation: "i" }).maybeDone, "l'invitation de Inès Roche est sans doute retirée.");
});
