// My space: who is logged in, the establishment that is shown, what waits for an answer, and the ways to the rest.
import { byId, make, readableSiret } from "../dom.js";
import { fixSpaces } from "../french.js";
import { takeInviter } from "../space/inviter.js";
import { fillRows } from "../space/items.js";
import { openSpace } from "../space/shell.js";
import { ROLES, isActiveHolder, isLastHolder, isToAnswer, nameOf } from "../space/words.js";
import { enableHandOver } from "../tab.js";

const COLLEAGUES = "/mon-espace/collegues/";
const MANDATES = "/mon-espace/mandats/";
const TO_ANSWER = `${MANDATES}#to-answer`;
const SUSPENDED =
  "Un titulaire a suspendu votre accès\u00a0: vous ne pouvez rien faire pour cet établissement, sauf le quitter.";

const plural = (count, word) => `${count}\u00a0${word}${count > 1 ? "s" : ""}`;
const link = (href, text, about = "") =>
  make("a", { class: "govuk-link", href }, text, make("span", { class: "govuk-visually-hidden" }, about));

function show(space) {
  const { me, establishment, establishments } = space;
  // Asked for by a mail: the form is on the page of the colleagues.
  if (takeInviter(space)) return location.replace(COLLEAGUES);
  const extranet = space.data.extranet ?? null;
  byId("who").textContent = nameOf(me);
  byId("identifier-value").textContent = me.identifier;
  byId("establishments").replaceChildren(...(establishment ? [card(establishment, extranet)] : []));
  byId("no-establishment").hidden = Boolean(establishment);
  byId("no-extranet").hidden = !establishment || establishment.state === "suspended" || extranet !== null;
  byId("next").hidden = !space.isHolder;
  const { first_name, last_name, email, phone } = me;
  enableHandOver(byId("others"), { first_name, last_name, email, phone });
  const tasks = establishments.flatMap((one) => tasksOf(one, establishments.length > 1));
  byId("to-do").hidden = tasks.length === 0;
  byId("to-do-list").replaceChildren(...tasks.map((task) => taskItem(space, task)));
}

function card(establishment, extranet) {
  const { siret, name, state } = establishment;
  const title = make("h3", { class: "govuk-heading-m" }, name);
  const rows = make("dl", { class: "govuk-summary-list" });
  fillRows(rows, rowsOf(establishment));
  const parts = [title, rows];
  if (state === "suspended") parts.push(make("p", { class: "govuk-inset-text" }, SUSPENDED));
  else if (extranet) parts.push(extranetLink(extranet, name, siret));
  return make("div", { class: "app-card" }, ...parts);
}

function extranetLink(href, name, siret) {
  const about = make("span", { class: "govuk-visually-hidden" }, ` pour ${name}, SIRET ${readableSiret(siret)}`);
  const button = make("a", { class: "govuk-button", href }, "Déposer une demande d'activité partielle", about);
  return make("p", { class: "app-extranet" }, button);
}

/** `[key, values…]`, each value a line. */
function rowsOf({ siret, name, role, state, members, invitations = [], mandates = [], mandates_next: next }) {
  const about = ` de ${name}`;
  const suspended = state === "suspended" ? ", accès suspendu" : "";
  const rows = [
    ["SIRET", make("span", { class: "app-counted" }, readableSiret(siret))],
    ["Votre rôle", `${ROLES[role] ?? role}${suspended}`],
  ];
  if (members) {
    const holders = members.filter(isActiveHolder).length;
    const people = `${plural(members.length, "personne")}, dont ${plural(holders, "titulaire")}`;
    const invited = invitations.length ? `, ${plural(invitations.length, "invitation")}` : "";
    rows.push(["Collègues", people + invited, link(COLLEAGUES, "Voir les collègues", about)]);
  } else rows.push(["Départ", link("/mon-espace/depart/", "Quitter l'établissement", ` ${name}`)]);
  if (suspended) return rows;
  const active = mandates.filter((mandate) => mandate.state === "active").length;
  const count = next ? "Plus de 50" : mandates.length ? `${active} en cours` : "Aucun";
  rows.push(["Mandats", count, link(MANDATES, "Voir les mandats", about)]);
  if (members) rows.push(["Journal", link("/mon-espace/journal/", "Voir le journal", about)]);
  return rows;
}

const wordsOfMany = (answers) =>
  answers
    ? `au moins ${plural(answers, "mandat")} à accepter ou à refuser`
    : "plus de 50 mandats, voyez si l'un d'eux attend votre réponse";

/** What waits for this person, most pressing first: `{ siret, text, href }`. */
function tasksOf(establishment, isNamed) {
  const { siret, name, members, invitations = [], requests = [], mandates = [], mandates_next: next } = establishment;
  if (!members) return [];
  const where = isNamed ? `${name} : ` : "";
  const task = (href, text) => ({ siret, href, text: fixSpaces(where + text) });
  const answers = mandates.filter(isToAnswer).length;
  const tasks = invitations
    .filter(({ state }) => state === "bounced")
    .map((one) => task(COLLEAGUES, `l'invitation de ${nameOf(one)} n'est pas arrivée, vérifiez l'adresse`));
  tasks.push(...requests.map((one) => task(COLLEAGUES, `${nameOf(one)} demande à vous rejoindre`)));
  // The others may be on any page of the list.
  if (next) tasks.unshift(task(TO_ANSWER, wordsOfMany(answers)));
  else if (answers) tasks.unshift(task(MANDATES, `${plural(answers, "mandat")} à accepter ou à refuser`));
  if (isLastHolder(members)) {
    tasks.push(task(COLLEAGUES, "vous êtes le seul titulaire, nommez-en un second pour que personne ne soit bloqué"));
  }
  return tasks;
}

function taskItem(space, { siret, text, href }) {
  const item = make("a", { class: "govuk-link", href }, text[0].toUpperCase() + text.slice(1));
  item.addEventListener("click", () => space.prefer(siret));
  return make("li", {}, item);
}

openSpace({ main: "account", show });
