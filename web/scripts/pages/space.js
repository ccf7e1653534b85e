// My space: who is logged in, for which establishments, and the way out.
import { byId, make, readableSiret, showView } from "../dom.js";
import { Progress } from "../progress.js";
import { Cancelled, NoAnswer, send } from "../send.js";

const ROLES = { holder: "Titulaire du compte" };
const progress = new Progress(byId("progress"), { kept: "", cancel: "Annuler l'attente" });

/** Sends, and says so below what is shown. Null if there was no answer. */
async function ask(method, doing) {
  try {
    progress.say(doing);
    return await send(method, "/api/session", undefined, progress.waiting);
  } catch (error) {
    if (error instanceof Cancelled || error instanceof NoAnswer) return null;
    throw error;
  } finally {
    progress.clear();
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
  const answer = await ask("DELETE", "Déconnexion en cours…");
  if (answer?.status === 204 || answer?.status === 401) showView("done");
  else progress.say("Le service n'a pas répondu. Vous êtes encore connecté\u00a0: réessayez.");
  isLeaving = false;
});

byId("retry").addEventListener("click", () => location.reload());

// Brought back whole by Back: who was logged in then may not be now.
addEventListener("pageshow", ({ persisted }) => persisted && location.reload());

async function load() {
  const answer = await ask("GET", "Chargement en cours…");
  if (answer?.status === 200) showAccount(answer.data);
  else showView(answer?.status === 401 ? "no-session" : "no-answer");
}

// Not awaited: the page is ready when it says what it waits for.
load();
