// My space: who is logged in, for which establishments, and the way out.
import "../start.js";
import { byId, make, readableSiret, showView } from "../dom.js";
import { Progress } from "../progress.js";
import { Cancelled, send } from "../send.js";

const ROLES = { holder: "Titulaire du compte" };
const progress = new Progress(byId("progress"));

/** Sends, and says so at the top of the page when there is no answer. Returns null then. */
async function ask(method) {
  try {
    progress.say("Chargement en cours…");
    const answer = await send(method, "/api/session", undefined, progress.waiting);
    progress.clear();
    return answer;
  } catch (error) {
    const stopped = error instanceof Cancelled;
    progress.say(`${stopped ? "L'attente est arrêtée." : "Le service ne répond pas."} Rechargez la page pour réessayer.`);
    return null;
  }
}

function showAccount({ identifier, first_name, last_name, establishments }) {
  byId("who").textContent = `${first_name} ${last_name}`;
  byId("identifier-value").textContent = identifier;
  byId("establishments").replaceChildren(
    ...establishments.map(({ siret, name, role }) =>
      make(
        "div",
        { class: "govuk-summary-list__row" },
        make("dt", { class: "govuk-summary-list__key" }, name),
        make("dd", { class: "govuk-summary-list__value" }, `SIRET ${readableSiret(siret)}`, make("br"), ROLES[role] ?? role),
      ),
    ),
  );
  showView("account");
}

let isLeaving = false;
byId("log-out").addEventListener("click", async () => {
  if (isLeaving) return;
  isLeaving = true;
  const answer = await ask("DELETE");
  if (answer) showView("done");
  isLeaving = false;
});

const answer = await ask("GET");
if (answer?.status === 200) showAccount(answer.data);
else if (answer) showView("no-session");
