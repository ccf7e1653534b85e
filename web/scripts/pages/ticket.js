// The request for assistance. Its number is made here, so that a request sent twice is one request.
import { byId, showView } from "../dom.js";
import { bindForm } from "../form.js";
import { takeOver } from "../tab.js";

const form = byId("submit-ticket");

bindForm(form, {
  url: "/api/submit-ticket",
  action: "submit-ticket",
  isRepeatable: true,
  prefill: takeOver(),
  staysDone: true,
  fields: (typed, lastBody) => ({ submission: submissionOf(typed, lastBody), ...typed }),
  onDone({ reference, sent_to }) {
    byId("reference").textContent = reference;
    byId("sent-to").textContent = sent_to;
    showView("done");
  },
});

/** The number of the last sending that was not answered, if nothing was changed since; else a new one. */
function submissionOf(typed, lastBody) {
  if (lastBody) {
    const { submission, ...last } = JSON.parse(lastBody);
    if (JSON.stringify(last) === JSON.stringify(typed)) return submission;
  }
  return crypto.randomUUID();
}
