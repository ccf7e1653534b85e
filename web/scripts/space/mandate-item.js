// A mandate in a list.
import { make, readableSiret } from "../dom.js";
import { item } from "./items.js";
import { isToAnswer, wordsOfMandate, wordsOfScopes, wordsOfTerm } from "./words.js";

const PAGE = "/mon-espace/mandats/mandat/";

/** The other establishment, as this one knows it. */
export const otherOf = ({ name, siret }) => name ?? `SIRET ${readableSiret(siret)}`;

/** `own` is the establishment by which it is looked at; a holder of it answers. */
export function mandateItem(mandate, { siret: own, isHolder }) {
  const siret = make("span", {}, "SIRET ", make("span", { class: "app-counted" }, readableSiret(mandate.siret)));
  const scopes = wordsOfScopes(mandate.scopes);
  const isAsked = isToAnswer(mandate);
  const words = isAsked && isHolder ? "Lire et répondre" : "Voir le mandat";
  return item({
    title: otherOf(mandate),
    lines: [mandate.name && siret, scopes[0].toUpperCase() + scopes.slice(1), `Du${wordsOfTerm(mandate).slice(2)}`],
    state: [isAsked ? "to-answer" : mandate.state, wordsOfMandate(mandate)],
    actions: [["open", words, `${PAGE}#${own}.${mandate.mandate}`]],
  });
}
