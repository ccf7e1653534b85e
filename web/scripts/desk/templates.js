// Answers that are ready: one is put into the text, to be corrected; why the person gets it is said beside it, as they
// will read it.
import { byId, make } from "../dom.js";
import { fixSpaces } from "../french.js";

const list = () => byId("template");

/** The list as the service gives it. Before the form is bound: it finds again which was chosen. */
export function fillTemplates(templates) {
  byId("template-place").hidden = templates.length === 0;
  const options = templates.map(({ name, label }) => make("option", { value: name }, fixSpaces(label)));
  list().replaceChildren(make("option", { value: "" }, "Aucun"), ...options);
}

/** Ties the list to the form of the answer. Gives `{ forget() }`, for when it is sent. */
export function bindTemplates(form, templates) {
  const reason = byId("template-reason");
  const text = byId("answer_text");
  const chosen = () => templates.find(({ name }) => name === list().value);
  /** What was put there last: a template that was not touched makes room for the next. */
  let last = chosen()?.text ?? "";

  const sayReason = () => (reason.textContent = chosen() ? fixSpaces(`La personne lira : ${chosen().reason}`) : "");
  sayReason();
  list().addEventListener("change", () => {
    sayReason();
    const own = text.value.trim() === last.trim() ? "" : text.value.trim();
    const ready = chosen()?.text ?? "";
    // It stands outside the form, which does not hear of it.
    form.put({ text: [own, ready].filter(Boolean).join("\n\n"), template: list().value });
    last = own ? "" : ready;
  });
  return {
    forget() {
      last = "";
      sayReason();
    },
  };
}
