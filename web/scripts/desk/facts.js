// What the service knows of a case, beside it: the account, mails, signals with their reasons, other requests.
import { byId, make, readableSiret } from "../dom.js";
import { dayInWords } from "../days.js";
import { fixSpaces, inParis } from "../french.js";
import { fillRows } from "../space/items.js";
import { readablePhone } from "../space/words.js";
import { said } from "./thread.js";
import {
  CASE_STATES,
  MOTIVES,
  momentOf,
  wordsOfAccount,
  wordsOfFailures,
  wordsOfMailKind,
  wordsOfMailState,
} from "./words.js";

const CASE = "/agents/demande/#";
const counted = (text) => make("span", { class: "app-counted" }, text);
const whole = (text) => make("span", { class: "app-whole" }, text);

/** What the person wrote, and when it came. */
export function fillAsked(shown) {
  const { siret, establishment_name: establishment, full_name: name, phone, email, motive, created_at: at } = shown;
  fillRows(byId("asked"), [
    ["Motif", MOTIVES[motive] ?? motive],
    ["Reçue", `${momentOf(at)} (heure de Paris)`],
    ["Établissement", establishment],
    ["SIRET", counted(readableSiret(siret))],
    ["Nom", name],
    ["Téléphone", make("a", { class: "govuk-link", href: `tel:${phone}` }, readablePhone(phone))],
    ["Adresse", whole(email)],
  ]);
  byId("description").replaceChildren(said(shown.description));
}

/** `known` as the service says it; what it leaves out is not shown as none. */
export function fillKnown({ account, failed_logins: failures, mails = [], designated = [], requests = [], signals = [] }) {
  byId("signals-place").hidden = signals.length === 0;
  byId("signals").replaceChildren(...signals.map(({ kind, reason }) => make("li", { "data-name": kind }, fixSpaces(reason))));
  const facts = [];
  if (account) facts.push(["Compte", wordsOfAccount(account)]);
  facts.push(["Connexions refusées", wordsOfFailures(failures)]);
  fillFacts(byId("known"), facts);
  fillList("designated", designated.map(designatedWords), "Personne.");
  fillList("mails", mails.map(mailWords), "Aucun courriel connu.");
  fillList("requests", requests.map(requestWords), "Aucune autre.");
}

const designatedWords = ({ name, email, named_at: at }) => [`${name}, `, whole(email), at ? fixSpaces(`, depuis le ${dayInWords(at)}`) : ""];

const mailWords = ({ kind, at, state }) => [fixSpaces(`${wordsOfMailKind(kind)} : ${wordsOfMailState(state)}, le ${inParis(at)}`)];

const requestWords = ({ reference, motive, state, created_at: at }) => [
  make("a", { class: "govuk-link", href: CASE + reference }, counted(reference)),
  fixSpaces(` : ${MOTIVES[motive] ?? motive}, ${(CASE_STATES[state] ?? state).toLowerCase()}, ${momentOf(at).toLowerCase()}`),
];

/** A list of lines, each made of texts and elements; `none` stands there if there is nothing. */
export function fillList(id, lines, none) {
  const items = lines.length ? lines : [[none]];
  byId(id).replaceChildren(...items.map((parts) => make("li", {}, ...parts)));
}

/** A list of `[key, value]`, each value a text or an element. */
export function fillFacts(list, facts) {
  const rows = facts.map(([key, value]) =>
    make("div", {}, make("dt", {}, fixSpaces(key)), make("dd", {}, typeof value === "string" ? fixSpaces(value) : value)),
  );
  list.replaceChildren(...rows);
}
