// My space: who is logged in, for which establishments, and the way out.
import { byId, make, readableSiret, showView } from "../dom.js";
import { Progress } from "../progress.js";
import { Cancelled, send } from "../send.js";
import { enableHandOver } from "../tab.js";

const ROLES = { holder: "Titulaire du compte" };
const MAYBE_OUT = "Nous ne savons pas si vous êtes déconnecté. Réessayez. Sur un ordinateur partagé, ne partez pas avant.";
const STOPPED = "Vous avez arrêté la déconnexion. Vous êtes peut-être encore connecté\u00a0: réessayez.";
const progress = new Progress(byId("progress"), { kept: "", cancel: "Annuler l'attente" });

/** Sends, and says so below what is shown. */
async function ask(method, doing) {
  try {
    return await send(method, "/api/session", undefined, progress.begin(doing));
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
  enableHandOver(byId("account"), establishments.length === 1 ? { siret: establishments[0].siret } : {});
  showView("account");
}

async function logOut() {
  try {
    const { status } = await ask("DELETE", "Déconnexion en cours…");
    if (status === 204 || status === 401) showView("done");
    else progress.say(MAYBE_OUT);
  } catch (error) {
    progress.say(error instanceof Cancelled ? STOPPED : MAYBE_OUT);
  }
}

let isLeaving = false;
byId("log-out").addEventListener("click", async () => {
  if (isLeaving) return;
  isLeaving = true;
  await logOut();
  isLeaving = false;
});

byId("retry").addEventListener("click", () => location.reload());

// Brought back whole by Back: who was logged in then may not be now.
addEventListener("pageshow", ({ persisted }) => persisted && location.reload());

async function load() {
  const answer = await ask("GET", "Chargement en cours…").catch(() => null);
  if (answer?.status === 200) showAccount(answer.data);
  else showView(answer?.status === 401 ? "no-session" : "no-answer");
}

// Not awaited: the page is ready when it says what it waits for.
load();
