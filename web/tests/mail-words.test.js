import assert from "node:assert/strict";
import test from "node:test";
import { domainOf, isLost, isNews, isOver, wordsOf, wordsOfDelivery, wordsOfStop } from "../scripts/mail-words.js";

const plain = (text) => text.replaceAll("\u00a0", " ");
const mail = (state, more = {}) => ({
  state,
  sent_to: "j•••@exemple.fr",
  // By the reader's clock, like the hour at which it was asked for beside it.
  at: new Date(2026, 10, 24, 10, 42).toISOString(),
  reason: null,
  advice: null,
  ahead_seconds: null,
  ...more,
});
const said = (state, more) => plain(wordsOf(mail(state, more)));

test("each state has its words", () => {
  for (const [state, more, words] of [
    ["queued", {}, "Votre message part dans un instant."],
    ["queued", { ahead_seconds: 599 }, "Votre message part dans un instant."],
    ["queued", { ahead_seconds: 840 }, "Beaucoup de demandes en ce moment : votre message partira dans environ 14 minutes. Rien n'est perdu."],
    ["sent", {}, "Parti à 10 h 42, en attente de la réponse de exemple.fr."],
    ["delayed", {}, "exemple.fr retarde notre message. Nous réessayons, vous n'avez rien à faire."],
    ["delivered", {}, "Remis au serveur de exemple.fr à 10 h 42. S'il n'est pas dans votre boîte, regardez dans les indésirables."],
    ["bounced", { reason: "boîte pleine" }, "Refusé par exemple.fr : boîte pleine."],
    ["bounced", {}, "Refusé par exemple.fr."],
    ["refused", { reason: "ce domaine n'accepte pas de messages" }, "Notre message à exemple.fr n'est pas parti : ce domaine n'accepte pas de messages."],
    ["refused", {}, "Notre message à exemple.fr n'est pas parti."],
    ["suppressed", { reason: "un autre message a déjà servi" }, "Nous n'avons pas envoyé ce message : un autre message a déjà servi."],
    ["suppressed", {}, "Nous n'avons pas envoyé ce message."],
    ["teleported", {}, ""],
  ]) {
    assert.equal(said(state, more), words);
  }
});

test("times are by the reader's own clock, like those of the mailbox", (context) => {
  const zone = process.env.TZ;
  context.after(() => (zone === undefined ? delete process.env.TZ : (process.env.TZ = zone)));
  process.env.TZ = "Indian/Reunion";
  assert.match(said("sent", { at: "2026-07-14T10:05:00Z" }), /^Parti à 14 h 05,/);
  process.env.TZ = "Europe/Paris";
  assert.match(said("delivered", { at: "2026-11-24T23:00:00Z" }), /exemple\.fr à 0 h\./);
});

test("a line never breaks before a colon or within an hour", () => {
  assert.match(wordsOf(mail("bounced", { reason: "boîte pleine" })), /fr\u00a0: boîte/);
  assert.match(wordsOf(mail("sent")), /10\u00a0h\u00a042/);
  assert.match(wordsOf(mail("queued", { ahead_seconds: 840 })), /14\u00a0minutes/);
});

test("the same thing is no news, nor is a wait that is a little shorter", () => {
  const waits = (seconds) => mail("queued", { ahead_seconds: seconds });
  assert.equal(isNews(mail("queued"), null), true);
  assert.equal(isNews(mail("sent"), mail("queued")), true);
  assert.equal(isNews(mail("sent"), mail("sent")), false);
  assert.equal(isNews(mail("bounced", { reason: "boîte pleine" }), mail("bounced")), true);
  assert.equal(isNews(waits(780), waits(840)), false);
  assert.equal(isNews(waits(1200), waits(840)), true, "it has become longer");
  assert.equal(isNews(waits(900), waits(1200)), true);
  assert.equal(isNews(waits(590), waits(600)), true, "it leaves soon");
  assert.equal(isNews(mail("queued", { ahead_seconds: 20 }), mail("queued")), false);
});

test("what is over, and what will not come", () => {
  for (const state of ["bounced", "refused", "suppressed"]) {
    assert.ok(isOver(mail(state)) && isLost(mail(state, { advice: "correct-address" })), state);
    assert.ok(!isLost(mail(state)), `${state}: another mail has served, nothing is to be done`);
  }
  assert.ok(isOver(mail("delivered")) && !isLost(mail("delivered")));
  for (const state of ["queued", "sent", "delayed", "teleported"]) assert.ok(!isOver(mail(state)) && !isLost(mail(state)), state);
});

test("who is no longer followed is told so, and keeps what is still true", () => {
  const stopped = (...mails) => plain(wordsOfStop(...mails));
  const STOPPED = "Cette page ne suit plus notre message : rechargez-la pour savoir où il en est.";
  assert.equal(stopped(mail("queued")), STOPPED, "it no longer leaves in a moment");
  assert.equal(stopped(mail("queued", { ahead_seconds: 840 })), STOPPED);
  assert.equal(stopped(null), STOPPED);
  assert.equal(stopped(mail("teleported")), STOPPED);
  assert.equal(stopped(mail("sent")), `Parti à 10 h 42, en attente de la réponse de exemple.fr. ${STOPPED}`);
});

test("the domain is what stands after the last @", () => {
  assert.equal(domainOf("j•••@exemple.fr"), "exemple.fr");
  assert.equal(domainOf(" Jeanne@Exemple.FR "), "exemple.fr");
  for (const none of ["AP-7K3M-Q2FD", "", undefined, "jeanne@"]) assert.equal(domainOf(none), "");
});

test("of a domain only its trouble is told", () => {
  const told = (state, median_seconds = null) => plain(wordsOfDelivery({ domain: "exemple.fr", state, median_seconds }));
  assert.equal(told("delayed", 720), "exemple.fr retarde nos messages en ce moment (médiane 12 min).");
  assert.equal(told("delayed", 5), "exemple.fr retarde nos messages en ce moment (médiane 1 min).");
  assert.equal(told("delayed"), "exemple.fr retarde nos messages en ce moment.");
  assert.equal(told("refusing"), "exemple.fr refuse nos messages en ce moment.");
  assert.deepEqual([told("good", 3), told("unknown")], ["", ""]);
});
