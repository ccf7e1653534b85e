// An invitation: accepted by the account of the invited address, or by one that is opened on the spot. By sending the
// form, never by opening the page: mail scanners open every link. Each state of it has a way on.
import { byId, showView } from "../dom.js";
import { bindForm } from "../form.js";
import { fixSpaces } from "../french.js";
import { onOtherLink, takeToken } from "../link-token.js";
import { enablePasswords } from "../passwords.js";
import { Progress } from "../progress.js";
import { enableRequest } from "../request-invitation.js";
import { Cancelled, send } from "../send.js";
import { forgetSession, rememberSession } from "../session.js";
import { enableHandOver, place } from "../tab.js";

const ACCEPT = "/api/invitation/accept";
const UNKNOWN = "/problems/link-unknown";
const VIEWS = {
  "/problems/link-used": "accepted",
  "/problems/link-expired": "expired",
  "/problems/space-closed": "closed",
  "/problems/already-member": "already-member",
  "/problems/account-exists": "already-member",
  "/problems/not-allowed": "suspended",
  [UNKNOWN]: "link-unknown",
};
const ANOTHER_ADDRESS = "/problems/invitation-for-another-address";
const NO_SESSION = "/problems/no-session";
/** Views beside which another invitation is asked for. */
const ASK_AGAIN = ["expired", "withdrawn", "link-unknown"];
const ROLES = { holder: "titulaire", member: "utilisateur" };
const PROMOTION = "Vous faites déjà partie de l'établissement\u00a0: vous en deviendrez titulaire.";
const SUCCESSION = "En acceptant, vous prenez sa place\u00a0: vous devenez titulaire, et cette personne quitte l'établissement.";
const STILL_IN = "Vous êtes peut-être encore connecté\u00a0: réessayez.";

/** What the service said of the invitation; a page that is loaded again says what came of it. */
const known = place("invitation");
const token = takeToken(() => known.forget());
const progress = new Progress(byId("progress"), { kept: "", cancel: "Annuler l'attente" });
const request = enableRequest();

function show(view) {
  const { siret, first_name, last_name } = known.read() ?? {};
  byId("ask-again").hidden = !ASK_AGAIN.includes(view);
  if (!byId("ask-again").hidden) request.begin({ siret, known: { first_name, last_name } });
  enableHandOver(byId(view), { siret, first_name, last_name });
  showView(view);
}

/** Who is logged in decides what is offered. */
function showOpen(invitation) {
  const { establishment_name: name, invited_by: inviter, role, sent_to: sentTo, you } = invitation;
  if (you === "suspended") return show("suspended");
  byId("open-title").textContent = fixSpaces(`Rejoindre ${name}`);
  byId("open-text").textContent = fixSpaces(
    `${inviter} vous invite comme ${ROLES[role] ?? role}. L'invitation est pour l'adresse ${sentTo}.`,
  );
  byId("open-succession").hidden = !invitation.is_successor;
  byId("open-succession").textContent = SUCCESSION;
  // Who is a user already may become a holder by it.
  const isPromotion = you === "member" && role === "holder";
  if (isPromotion) byId("same-text").textContent = PROMOTION;
  byId("for-same").hidden = you !== "same" && !isPromotion;
  byId("for-other").hidden = you !== "other";
  byId("for-member").hidden = you !== "member" || isPromotion;
  byId("for-none").hidden = you !== "none";
  byId("own-name").textContent = `À votre nom\u00a0: ${invitation.first_name} ${invitation.last_name}.`;
  show("open");
}

const ask = async (method, url, body, doing) => {
  try {
    return await send(method, url, body, progress.begin(doing));
  } finally {
    progress.clear();
  }
};

/** What the invitation is, and what who is logged in is to it. */
async function load() {
  if (!token) return show("link-unknown");
  const body = JSON.stringify({ token });
  const answer = await ask("POST", "/api/invitation", body, "Chargement en cours…").catch(() => null);
  if (answer?.data.type === UNKNOWN) return show("link-unknown");
  if (answer?.status !== 200) return show("no-answer");
  known.write(answer.data);
  if (answer.data.state === "open") showOpen(answer.data);
  else show(answer.data.state);
}

function showDone({ identifier }, isNew) {
  rememberSession();
  byId("joined-name").textContent = known.read()?.establishment_name ?? "l'établissement";
  byId("identifier-value").textContent = identifier;
  byId("username").value = identifier;
  byId("new-account").hidden = !isNew;
  show("done");
}

function onRefused({ data, uncertain }) {
  // Whoever is logged in, it is not whom it was sent to.
  if (data.type === ANOTHER_ADDRESS) showOpen({ ...known.read(), you: "other" });
  else if (data.type === NO_SESSION) load();
  else if (VIEWS[data.type]) {
    // It may have been accepted by our own first attempt, whose answer was lost.
    byId("maybe-accepted").hidden = !uncertain;
    show(VIEWS[data.type]);
  } else return false;
  return true;
}

async function logOut() {
  try {
    const { status } = await ask("DELETE", "/api/session", undefined, "Déconnexion en cours…");
    if (status !== 204 && status !== 401) return progress.say(STILL_IN);
    forgetSession();
    load();
  } catch (error) {
    progress.say(error instanceof Cancelled ? "L'attente est arrêtée." : STILL_IN);
  }
}

enablePasswords();
bindForm(byId("login"), {
  url: "/api/session",
  actionIfAsked: "session",
  isRepeatable: true,
  onDone() {
    rememberSession();
    load();
  },
});
const forms = [
  ["accept-invitation", () => ({ token }), false],
  ["open-account", ({ password, phone }) => ({ token, password, phone }), true],
].map(([id, fields, isNew]) =>
  bindForm(byId(id), { url: ACCEPT, fields, staysDone: true, onDone: (data) => showDone(data, isNew), onRefused }),
);
onOtherLink(() => forms.forEach((form) => form.beginAnew()));
byId("retry").addEventListener("click", () => location.reload());
for (const id of ["log-out", "log-out-member"]) byId(id).addEventListener("click", logOut);

// Not awaited: the page is ready when it says what it waits for.
if (!forms.some((form) => form.isDone)) load();
