// Answers that are ready: one is put into the text, to be corrected; why the person gets it is said beside it.
import { byId, make } from "../dom.js";
import { fixSpaces } from "../french.js";

/** Ties the list to the form of the answer. Gives `{ fill(templates) }`. */
export function bindTemplates(form) {
  const list = byId("template");
  const reason = byId("template-reason");
  const text = byId("answer_text");
  let known = [];
  let last = "";

  list.addEventListener("change", () => {
    const chosen = known.find(({ name }) => name === list.value);
    reason.textContent = chosen ? fixSpaces(`La personne lira pourquoi : ${chosen.reason}`) : "";
    if (!chosen) return;
    // What the agent has written stays; a template that was not touched makes room for the next.
    const own = text.value.trim() === last.trim() ? "" : text.value.trim();
    form.put({ text: own ? `${own}\n\n${chosen.text}` : chosen.text });
    last = own ? "" : chosen.text;
  });

  return {
    fill(templates) {
      byId("template-place").hidden = templates.length === 0;
      if (JSON.stringify(templates) === JSON.stringify(known)) return;
      known = templates;
      const options = templates.map(({ name, label }) => make("option", { value: name }, fixSpaces(label)));
      list.replaceChildren(make("option", { value: "" }, "Aucun"), ...options);
      reason.textContent = "";
    },
    forget() {
      last = "";
      list.value = "";
      reason.textContent = "";
    },
  };
}
