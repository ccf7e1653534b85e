// What is a person's own: address, password, sessions, a copy of the data, the end of the account.
import { byId, make } from "../dom.js";
import { fixSpaces, here } from "../french.js";
import { bindDownload } from "../space/download.js";
import { fillRows, item } from "../space/items.js";
import { openSpace } from "../space/shell.js";
import { isLastHolder, nameOf, readablePhone } from "../space/words.js";
import { enableHandOver } from "../tab.js";

const LAST_HOLDER = "/problems/last-holder";
const LEAVE = "/mon-espace/depart/";
const NOT_CLOSED = "La connexion n'a pas pu être fermée. Réessayez dans quelques minutes.";
const WRONG_CREDENTIALS = "/problems/wrong-credentials";
const CHANGED = "Votre mot de passe est changé. Vos autres connexions sont fermées.";
const MAYBE_CHANGED =
  "La réponse à votre envoi s'est perdue. Votre mot de passe a sans doute été changé : connectez-vous avec le nouveau.";

const space = openSpace({ main: "my-data", show });
/** What was answered to the address that was typed last. */
let asked = null;

function show() {
  const { me } = space;
  fillRows(byId("me"), rowsOf(me));
  byId("sessions").replaceChildren(...space.data.sessions.map(session));
  const { first_name, last_name, email, phone } = me;
  enableHandOver(byId("to-request").parentElement, { full_name: `${first_name} ${last_name}`, email, phone });
}

const rowsOf = (me) => [
  ["Identifiant", make("span", { class: "app-counted" }, me.identifier)],
  ["Nom", nameOf(me)],
  ["Adresse électronique", make("span", { class: "app-whole" }, me.email)],
  ["Téléphone", readablePhone(me.phone ?? "")],
  ["Mot de passe", me.password_set_at && `choisi le ${here(me.password_set_at)}`],
];

function session({ session: id, opened_at: at, is_this: isThis }) {
  const title = fixSpaces(`Ouverte le ${here(at)}`);
  if (isThis) return item({ title, state: ["active", "Celle-ci"] });
  return item({ title, actions: [["close", "Fermer", () => closeSession(id)]] });
}

/** What becomes of it is said beside the list, where the person is. */
async function closeSession(id) {
  const url = `/api/space/sessions/${encodeURIComponent(id)}`;
  const status = byId("sessions-status");
  status.textContent = "";
  const answer = await space.ask("DELETE", url, { doing: "Fermeture en cours…", near: status }).catch(() => null);
  if (answer?.status === 401) return space.askLogin();
  const isClosed = answer?.status === 204;
  status.textContent = isClosed ? "La connexion est fermée." : NOT_CLOSED;
  if (!isClosed) return;
  await space.reload();
  // The list is shorter, and the focus before it: what is said after it may be off a small screen.
  status.scrollIntoView({ block: "nearest" });
}

const changing = space.bind("change-email", {
  url: "/api/space/email",
  actionIfAsked: "session",
  onDone(data) {
    changing.empty();
    asked = data;
    history.replaceState({ ...history.state, view: "email-asked", args: {} }, "");
    space.present();
  },
});

/** Password managers look at it until its view is left. */
const leaveChanged = () => space.leave(CHANGED, () => choosing.empty());

/** The service says since when the account has its password. */
async function sayWhetherChanged(answer) {
  const before = space.me.password_set_at;
  if (!(await space.reload())) return;
  if (space.me.password_set_at !== before) leaveChanged();
  else space.refuses(answer, choosing);
}

const choosing = space.bind("change-password", {
  url: "/api/space/password",
  actionIfAsked: "session",
  onDone() {
    leaveChanged();
    space.reload();
  },
  // With it all sessions ended, this one too, and the cookie of the new one came with the answer that was lost.
  ifLost: MAYBE_CHANGED,
  onRefused(answer) {
    // The session came with the lost answer, and the old password is not the account's any more.
    if (!answer.uncertain || answer.data.type !== WRONG_CREDENTIALS) return false;
    sayWhetherChanged(answer);
    return true;
  },
});

const closing = space.bind("close-account", {
  url: "/api/space/close",
  actionIfAsked: "session",
  onDone: () => space.showLoggedOut("closed"),
  onRefused({ status, data, uncertain }) {
    // The answer to the first attempt was lost: there is no session any more.
    if (uncertain && status === 401 && data.type === "/problems/no-session") space.showLoggedOut("closed");
    else if (data.type === LAST_HOLDER) space.reload().then((isFresh) => isFresh && sayLast(data));
    else return false;
    return true;
  },
});

/** Which establishments it is, if that is known by now. */
function sayLast(data) {
  if (space.establishments.some(keepsMe)) space.present();
  else closing.showRefusal({ data });
}

bindDownload(space, "export", {
  status: "export-status",
  url: () => "/api/space/export",
  type: "application/json",
  name: () => "mes-donnees.json",
});

/** Those that would be left without a holder. */
const keepsMe = ({ role, state, members = [] }) =>
  role === "holder" && state !== "suspended" && isLastHolder(members);

function lastOf({ siret, name }) {
  const link = make("a", { class: "govuk-link", href: LEAVE }, fixSpaces(`${name} : dire qui prend la suite`));
  link.addEventListener("click", () => space.prefer(siret));
  return make("li", {}, link);
}

space.views["change-email-view"] = () => true;
space.views["change-password-view"] = () => true;
space.views["email-asked"] = () => {
  if (!asked) return false;
  byId("email-sent-to").textContent = asked.sent_to;
  byId("email-minutes").textContent = asked.valid_minutes;
  return true;
};
space.views.closing = () => {
  const last = space.establishments.filter(keepsMe);
  byId("last-holder").hidden = last.length === 0;
  byId("closing-form").hidden = last.length > 0;
  byId("last-holder-list").replaceChildren(...last.map(lastOf));
  return true;
};
for (const [id, view] of [
  ["open-email", "change-email-view"],
  ["open-password", "change-password-view"],
  ["open-closing", "closing"],
]) {
  byId(id).addEventListener("click", () => space.enter(view));
}
