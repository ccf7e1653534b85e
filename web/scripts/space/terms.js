// What a mandate allows and its days, as a form has them, and the text that both sides agree to.
import { byId, make } from "../dom.js";
import { dayOf, sentDay, typedDay, yearFrom } from "../days.js";
import { fixSpaces } from "../french.js";

const SCOPES = ["read", "declare", "indemnify"];
const TEXT = "/api/space/mandates/text";
const LATE = "Le texte du mandat n'a pas pu être chargé : rechargez la page. Votre saisie est conservée.";
const TEXT_CHANGED = "Le texte du mandat a changé : relisez-le, puis envoyez de nouveau.";
const LATER = "Attendez que le texte du mandat soit affiché, ou rechargez la page.";

/** Of the service's fields, those that have another name in the form. */
export const TERM_NAMES = { scopes: "scope_read" };

/** A year from today, in Paris. */
export function usualTerm() {
  const today = dayOf(Date.now());
  return { from: typedDay(today), until: typedDay(yearFrom(today)) };
}

const scopesOf = (typed) => SCOPES.filter((scope) => typed[`scope_${scope}`]);

/** What is sent of it. */
export const termsOf = (typed) => ({
  scopes: scopesOf(typed),
  from: sentDay(typed.from),
  until: sentDay(typed.until),
  text_version: shown?.version,
});

/** What is not there yet, beside the fields that say so themselves. */
export function missingTerms(typed) {
  const missing = [];
  if (!scopesOf(typed).length) missing.push({ field: "scope_read", detail: "Choisissez au moins une démarche." });
  if (!shown) missing.push({ detail: LATER });
  return missing;
}

/** The text that stands on the page: `{ version, text }`. */
let shown = null;

/** A text in paragraphs. */
export const paragraphs = (text) => text.split(/\n+/).map((line) => make("p", {}, fixSpaces(line)));

/** Shows the text that is offered now. */
export async function showText(space) {
  if (shown) return;
  const answer = await space.ask("GET", TEXT, { doing: "" }).catch(() => null);
  if (answer?.status === 200) shown = answer.data;
  byId("mandate-text").replaceChildren(...paragraphs(shown?.text ?? LATE));
}

/** Deals with the refusal of a text that is not offered any more. */
export function refusesText(space, { data }, form) {
  if (!data.errors?.some(({ field }) => field === "text_version")) return false;
  shown = null;
  showText(space);
  form.showRefusal({ data: { errors: [{ detail: TEXT_CHANGED }] } });
  return true;
}
