// Says what is wrong with a field when it is left, at once and without the server. Nothing is said while somebody
// types, but what was said goes when it is mended. Nothing is kept from being sent: the server judges.
import { byId, make } from "./dom.js";
import { markField, unmarkField } from "./errors.js";
import { fixSpaces } from "./french.js";
import { loadRules, loadedRules, onLeaving } from "./leaving.js";
import { enableSuggestion } from "./suggestion.js";

const CHECKED = [
  ...["siret", "identifier", "identifier_or_siret", "code", "phone", "email", "password"],
  ...["other_siret", "other_email", "new_password", "from", "until"],
];

/** A password is chosen by rules; one that is typed at a login has them no more. */
const isChecked = ({ name, autocomplete }) => CHECKED.includes(name) && autocomplete !== "current-password";

/** What is wrong with what stands in a field: `{ code, detail }`, or null, also as long as the rules are not here. */
function faultOf({ name, value }) {
  const { code, detail } = (value.trim() && loadedRules()?.RULES[name](value)) || {};
  return code ? { code, detail } : null;
}

export function enableChecks(form) {
  form.addEventListener("focusin", loadRules, { once: true });
  for (const input of [...form.elements].filter(isChecked)) {
    watch(form, input);
    if (["email", "other_email"].includes(input.name)) enableSuggestion(input);
  }
}

/** The same faults as the server's, in words that count what was typed where this page has them. */
export function explained(form, errors) {
  return errors.map((error) => {
    const input = form.elements[error.field];
    const own = input && isChecked(input) ? faultOf(input) : null;
    return own && own.code === error.code ? { ...error, detail: own.detail } : error;
  });
}

function watch(form, input) {
  // It is there before it speaks: what is put into it is announced, once. What a sending says is not put there, since
  // the summary announces that.
  const place = make("div", { "aria-live": "polite" });
  (input.closest(".govuk-input__wrapper") ?? input).before(place);
  const message = () => byId(`${input.id}-error`);
  let isChanged = true;

  input.addEventListener("input", () => {
    isChanged = true;
    if (place.contains(message()) && !faultOf(input)) unmarkField(message());
  });
  onLeaving(input, () => {
    // What a sending said stands until the field is changed.
    if (!isChanged && message()) return;
    isChanged = false;
    const fault = faultOf(input);
    if (message()) unmarkField(message());
    if (fault) markField(input, fixSpaces(fault.detail), place);
  });
  form.addEventListener("submit", () => (isChanged = false));
}
