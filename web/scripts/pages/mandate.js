// One mandate: what it allows, what became of it and when, the text that was shown; accepting, declining, ending it.
// Its address names it in the fragment, and the establishment by which it is looked at: `#<siret>.<mandate>`.
import { byId, make, readableSiret } from "../dom.js";
import { dayInWords } from "../days.js";
import { fixSpaces, inParis } from "../french.js";
import { bindConfirm } from "../space/confirm.js";
import { fillRows } from "../space/items.js";
import { otherOf } from "../space/mandate-item.js";
import { openSpace } from "../space/shell.js";
import { paragraphs } from "../space/terms.js";
import { isToAnswer, wordsOfMandate, wordsOfScopes } from "../space/words.js";
import { place } from "../tab.js";

const MANDATES = "/api/space/mandates/";
const GONE = "Il n'existe pas, ou votre établissement n'en fait pas partie.";
const UNREADABLE = "Le service n'a pas répondu. Réessayez dans quelques minutes.";
const NOT_THE_SAME = "Le texte qui avait été montré n'est plus disponible à la lettre.";
const CHANGED = "Ce mandat a changé entre-temps : voici où il en est.";
const TOLD = "L'autre établissement est prévenu par courriel.";

/** The mandate that is shown. */
let current = null;
/** The fragment that names one: the skip link writes another, and a reload must find the same mandate. */
const findName = () => /^#(\d{14})\.(.+)$/.exec(location.hash);
const kept = place("mandate");
kept.write(findName() ?? kept.read());
const [, own, id] = kept.read() ?? [];
const urlOf = (what) => `${MANDATES}${encodeURIComponent(id)}${what}`;

const views = { "mandate-gone": () => true };
const space = openSpace({ main: "mandate", needsEstablishment: true, show: load, views });

async function load() {
  if (history.state?.view === "mandate-gone") history.replaceState(null, "");
  // The one by which it is looked at is shown on the other pages too.
  space.prefer(own);
  const { status, data } = id
    ? await space.ask("GET", urlOf(`?siret=${own}`)).catch(() => ({ status: 0 }))
    : { status: 404 };
  if (status === 401) return space.askLogin();
  if (status !== 200) return showGone(status === 0 || status >= 500 ? UNREADABLE : GONE);
  current = data;
  fill();
}

function showGone(text) {
  byId("gone-text").textContent = text;
  history.replaceState({ view: "mandate-gone", args: {}, isFirst: true }, "");
  space.present();
}

function fill() {
  const { text, state } = current;
  byId("mandate-title").textContent = fixSpaces(`Mandat : ${otherOf(current)}`);
  fillRows(byId("mandate-rows"), rowsOf(current));
  byId("shown-text").replaceChildren(...(text ? paragraphs(text) : [make("p", {}, NOT_THE_SAME)]));
  const isMineToAnswer = space.isHolder && isToAnswer(current);
  byId("answer").hidden = !isMineToAnswer || !text;
  byId("decline").hidden = !isMineToAnswer;
  byId("end").hidden = !space.isHolder || isMineToAnswer || !["offered", "active"].includes(state);
  byId("end").textContent = state === "offered" ? "Retirer la proposition" : "Mettre fin au mandat";
  byId("mandate-body").hidden = false;
}

function rowsOf(mandate) {
  const { siret, name, as, scopes, from, until, text_version: version, text_sha256: hash } = mandate;
  const moment = (key, at) => [key, at && `le ${inParis(at)}`];
  return [
    ["État", wordsOfMandate(mandate)],
    [as === "client" ? "Cabinet" : "Client", name],
    ["SIRET", make("span", { class: "app-counted" }, readableSiret(siret))],
    ["Le cabinet peut", wordsOfScopes(scopes)],
    ["Premier jour", dayInWords(from)],
    ["Dernier jour", dayInWords(until)],
    moment("Proposé", mandate.offered_at),
    moment("Accepté", mandate.accepted_at),
    moment("Refusé", mandate.declined_at),
    moment("Première utilisation", mandate.first_used_at),
    moment("Terminé", mandate.ended_at),
    ["Version du texte", version],
    ["Empreinte du texte (SHA-256)", hash],
  ];
}

/** It was answered or ended by somebody else meanwhile, or by our own first attempt, whose answer was lost. */
function refusesState({ status, uncertain }, done) {
  if (status !== 409) return false;
  const maybe = `La réponse à votre premier envoi s'est perdue : le mandat est sans doute ${done}.`;
  space.leave(uncertain ? maybe : CHANGED);
  space.reload();
  return true;
}

space.bind("accept-mandate", {
  url: () => urlOf("/accept"),
  fields: () => ({ siret: own, text_version: current.text_version }),
  onDone() {
    space.leave("Le mandat est accepté.");
    space.reload();
  },
  onRefused: (answer) => refusesState(answer, "accepté"),
});

/** What is asked before an answer, or an end. */
const question = (what, done, words) =>
  current && {
    ...words(current),
    method: "POST",
    url: urlOf(`/${what}`),
    body: { siret: own },
    done: `Le mandat est ${done}.`,
    onRefused: (answer) => refusesState(answer, done),
  };

bindConfirm(space, {
  decline: () => question("decline", "refusé", declineWords),
  end: () => question("end", "terminé", current?.state === "offered" ? withdrawWords : endWords),
});

const declineWords = (mandate) => ({
  title: `Refuser le mandat avec ${otherOf(mandate)} ?`,
  texts: ["Rien ne change pour votre établissement.", TOLD],
  button: "Refuser le mandat",
});

const withdrawWords = (mandate) => ({
  title: "Retirer cette proposition ?",
  texts: [`${otherOf(mandate)} ne pourra plus l'accepter.`, TOLD],
  button: "Retirer la proposition",
});

function endWords(mandate) {
  const other = otherOf(mandate);
  const isClient = mandate.as === "client";
  const effect = isClient
    ? `Dès que cette page le confirme, ${other} ne peut plus agir pour votre établissement par ce mandat.`
    : `Dès que cette page le confirme, votre cabinet ne peut plus agir pour ${other} par ce mandat.`;
  const after = "Un mandat terminé ne se rétablit pas : il en faut un nouveau.";
  const title = `Mettre fin au mandat avec ${other} ?`;
  return { title, texts: [effect, after, TOLD], button: "Mettre fin au mandat" };
}

for (const what of ["decline", "end"]) byId(what).addEventListener("click", () => space.enter("confirm", { what }));
addEventListener("hashchange", () => findName() && location.reload());
