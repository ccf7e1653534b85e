// Offering a mandate to one establishment, as its client or as its cabinet.
import { byId } from "../dom.js";
import { openSpace } from "../space/shell.js";
import { TERM_NAMES, missingTerms, refusesText, showText, termsOf, usualTerm } from "../space/terms.js";

const LIST = "/mon-espace/mandats/";
const OFFERED = "Mandat proposé. L'autre établissement a 30 jours pour répondre.";
const MAYBE_OFFERED = "La réponse à votre premier envoi s'est perdue : le mandat est sans doute proposé.";
const STANDS =
  "Un mandat est déjà proposé ou en cours avec cet établissement, pour l'une de ces démarches et l'un de ces jours : " +
  "regardez la liste.";

const space = openSpace({ main: "offer", needsEstablishment: true, show });

function show() {
  byId("for-holders").hidden = !space.isHolder;
  byId("for-members").hidden = space.isHolder || space.isSuspended;
  if (space.isHolder) showText(space);
}

const form = space.bind("offer-mandate", {
  url: "/api/space/mandates",
  prefill: usualTerm(),
  fieldNames: TERM_NAMES,
  missing: missingTerms,
  fields({ as, other_siret, other_email, ...typed }) {
    // Who is told is the service's to say, unless somebody was named.
    const contact = other_email.trim() ? { other_email } : {};
    return { as, siret: space.establishment.siret, other_siret, ...contact, ...termsOf(typed) };
  },
  onDone: () => space.goTo(LIST, OFFERED),
  onRefused(answer) {
    if (answer.status === 409 && answer.uncertain) space.goTo(LIST, MAYBE_OFFERED);
    else if (answer.status === 409) form.showRefusal({ data: { detail: STANDS } });
    else return refusesText(space, answer, form);
    return true;
  },
});
