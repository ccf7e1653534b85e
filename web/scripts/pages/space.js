// My space: who is logged in, for which establishments, and the way out; or the login.
import { readAsked } from "../asked.js";
import { byId, make, readableSiret, showView } from "../dom.js";
import { bindForm } from "../form.js";
import { enablePasswords } from "../passwords.js";
import { Progress } from "../progress.js";
import { Cancelled, send } from "../send.js";
import { forgetSession, rememberSession } from "../session.js";
import { enableHandOver, takeOver } from "../tab.js";

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

function showAccount(me) {
  const { identifier, first_name, last_name, establishments, extranet = null } = me;
  rememberSession();
  byId("who").textContent = `${first_name} ${last_name}`;
  byId("identifier-value").textContent = identifier;
  byId("establishments").replaceChildren(...establishments.map((establishment) => row(establishment, extranet)));
  byId("no-extranet").hidden = extranet !== null;
  enableHandOver(byId("next"), establishments.length === 1 ? { siret: establishments[0].siret } : {});
  // Those of the application are known only to the tab where it was filled in.
  const { email, phone } = { ...readAsked()?.fields, email: readAsked()?.kind === "activation" ? readAsked().to : undefined };
  enableHandOver(byId("others"), { first_name, last_name, email, phone });
  showView("account");
}

function row({ siret, name, role }, extranet) {
  const about = make("dd", { class: "govuk-summary-list__value" }, siretOf(siret), make("br"), ROLES[role] ?? role);
  if (extranet) {
    const label = make("span", { class: "govuk-visually-hidden" }, ` pour ${name}, SIRET ${readableSiret(siret)}`);
    const link = make("a", { class: "govuk-button", href: extranet }, "Déposer une demande d'activité partielle", label);
    about.append(make("p", { class: "app-extranet" }, link));
  }
  return make("div", { class: "govuk-summary-list__row" }, make("dt", { class: "govuk-summary-list__key" }, name), about);
}

const siretOf = (siret) => make("span", {}, "SIRET ", make("span", { class: "app-counted" }, readableSiret(siret)));

async function logOut() {
  try {
    const { status } = await ask("DELETE", "Déconnexion en cours…");
    if (status === 204 || status === 401) {
      forgetSession();
      showView("done");
    } else progress.say(MAYBE_OUT);
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
  if (answer?.status === 200) return showAccount(answer.data);
  if (answer?.status === 401) forgetSession();
  showView(answer?.status === 401 ? "no-session" : "no-answer");
}

enablePasswords();
bindForm(byId("login"), {
  url: "/api/session",
  actionIfAsked: "session",
  isRepeatable: true,
  known: takeOver(),
  onDone: showAccount,
});
// Not awaited: the page is ready when it says what it waits for.
load();
