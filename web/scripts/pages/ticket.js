// The request for assistance. Its number is made here, so that a request sent twice is one request.
import { byId, showView } from "../dom.js";
import { bindForm } from "../form.js";
import { showMail } from "../mail-state.js";
import { takeOver } from "../tab.js";

/** The motive that has an answer of its own, and the case of the colleague who left. */
const MOTIVE_OF_ACCESS = "extranet-access";

/** The request is there, whatever becomes of its receipt. */
const RECEIVED = "Votre demande est bien enregistrée\u00a0: gardez sa référence.";

const form = byId("submit-ticket");
const prefill = takeOver();

bindForm(form, {
  url: "/api/submit-ticket",
  action: "submit-ticket",
  isRepeatable: true,
  prefill,
  staysDone: true,
  fields(typed, lastBody) {
    const request = requestOf(typed);
    return { submission: submissionOf(request, lastBody), ...request };
  },
  onDone({ reference, sent_to, mail }, typed) {
    byId("reference").textContent = reference;
    byId("sent-to").textContent = sent_to;
    showView("done");
    showMail(mail, { isNew: Boolean(typed), advise: () => RECEIVED });
  },
});

form.addEventListener("change", showCase);
showCase();
// Who comes for that very motive reads its answer before the form.
if (prefill.motive === MOTIVE_OF_ACCESS && form.elements.motive.value === MOTIVE_OF_ACCESS) form.before(byId("motive-answer"));

/** What the motive asks for, and no more. */
function showCase() {
  const isAccess = form.elements.motive.value === MOTIVE_OF_ACCESS;
  byId("motive-answer").hidden = !isAccess;
  byId("left-case").hidden = !isAccess;
  byId("left-fields").hidden = !form.elements.left.checked;
}

/** The request as the service knows it: who has left is told in its description. */
function requestOf({ left, left_name, left_date, own_function, ...request }) {
  if (!left || request.motive !== MOTIVE_OF_ACCESS) return request;
  const told = [
    `Personne partie\u00a0: ${left_name.trim()}`,
    `Date de départ\u00a0: ${left_date.trim()}`,
    `Fonction de qui écrit\u00a0: ${own_function.trim()}`,
  ];
  return { ...request, description: [...told, "", request.description].join("\n") };
}

/** The number of the last sending that was not answered, if nothing was changed since; else a new one. */
function submissionOf(request, lastBody) {
  if (lastBody) {
    const { submission, ...last } = JSON.parse(lastBody);
    if (JSON.stringify(last) === JSON.stringify(request)) return submission;
  }
  return crypto.randomUUID();
}
