// Asks the holders of an establishment to be invited. The answer is the same whoever asks, and tells nothing of them.
import { byId } from "./dom.js";
import { bindForm } from "./form.js";
import { place } from "./tab.js";

/** The SIRET that the last request was for. */
const requested = place("requested-siret");

/**
 * Binds the form `request-invitation`. Gives `{ begin({ siret, known }) }`: for that establishment, if the page knows
 * it, with what is known of the person, in the fields that are empty.
 */
export function enableRequest() {
  let known = null;
  const form = bindForm(byId("request-invitation"), {
    url: "/api/invitation/request",
    action: "recover",
    staysDone: true,
    fields: (typed) => (known ? { ...typed, siret: known } : typed),
    onDone(_, typed) {
      if (typed) requested.write(known ?? typed.siret);
      showSent(true, Boolean(typed));
    },
  });

  return {
    begin({ siret, known: person = {} }) {
      known = siret ?? null;
      byId("asker-siret-field").hidden = Boolean(siret);
      // What was answered is of another establishment.
      if (form.isDone && siret && requested.read() !== siret) {
        form.correct();
        showSent(false);
      }
      const filled = Object.entries(person).filter(([name, value]) => value && !form.typed[name]);
      if (filled.length) form.put(Object.fromEntries(filled));
    },
  };
}

function showSent(isSent, hasFocus = false) {
  byId("request").hidden = isSent;
  byId("request-sent").hidden = !isSent;
  if (hasFocus) byId("request-sent-title").focus();
}
