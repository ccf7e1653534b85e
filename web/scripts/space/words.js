// What my space says of people, invitations and mandates, in words. Pure: the arguments are what the service says.
import { dayInWords, dayOf } from "../days.js";

export const ROLES = { holder: "Titulaire", member: "Utilisateur" };

export const nameOf = ({ first_name: first, last_name: last }) => [first, last].filter(Boolean).join(" ");

/** `+33123456789` -> `01 23 45 67 89`; of another country, as it is kept. */
export const readablePhone = (phone) =>
  phone.replace(/^\+33(\d)(\d\d)(\d\d)(\d\d)(\d\d)$/, "0$1\u00a0$2\u00a0$3\u00a0$4\u00a0$5");

export const isActiveHolder = ({ role, state }) => role === "holder" && state === "active";

export const isLastHolder = (members) => members.filter(isActiveHolder).length === 1;

/** `Titulaire, depuis le 3 novembre 2026`. */
export const wordsOfMember = ({ role, since }) =>
  [ROLES[role] ?? role, since && `depuis le ${dayInWords(since)}`].filter(Boolean).join(", ");

/** `Depuis le 3 novembre 2026`. */
export const wordsOfSuccessor = ({ named_at: at }) => `Depuis le ${dayInWords(at)}`;

/** `Demandé le 3 novembre 2026`. */
export const wordsOfRequest = ({ asked_at: at }) => `Demandé le ${dayInWords(at)}`;

/** A state that this page does not know has no words. */
export function wordsOfInvitation({ state, until }) {
  if (state === "open") return `En attente, jusqu'au ${dayInWords(until)}`;
  if (state === "bounced") return "Le courriel n'est pas arrivé : vérifiez l'adresse, et renvoyez";
  if (state === "expired") return `Expirée depuis le ${dayInWords(until)}`;
  return "";
}

export const SCOPES = {
  read: "consulter le dossier",
  declare: "déposer les demandes d'autorisation",
  indemnify: "déposer les demandes d'indemnisation",
};

/** `consulter le dossier, déposer les demandes d'autorisation`. */
export const wordsOfScopes = (scopes) => scopes.map((scope) => SCOPES[scope] ?? scope).join(", ");

export const wordsOfTerm = ({ from, until }) => `du ${dayInWords(from)} au ${dayInWords(until)}`;

/** Whether it waits for one's own side. */
export const isToAnswer = ({ state, offered_by: offeredBy, as }) => state === "offered" && offeredBy !== as;

/** What has become of a mandate, by the day that it is. */
export function wordsOfMandate(mandate, today = dayOf(Date.now())) {
  const { state, from } = mandate;
  if (state === "offered") return isToAnswer(mandate) ? "À accepter ou à refuser" : "Proposé, en attente de réponse";
  if (state === "active") return from > today ? `Accepté, commence le ${dayInWords(from)}` : "En cours";
  return { declined: "Refusé", ended: "Terminé", lapsed: "Resté sans réponse" }[state] ?? state;
}

/** What the service answers of a line of a list. */
export const RESULTS = {
  offered: "Proposé",
  "already-active": "Déjà en cours",
  "unknown-here": "Pas d'espace ouvert ici",
  invalid: "SIRET non reconnu",
};

/** `732 829` -> `732829`: the beginning of a SIRET is sought by its digits. */
export const soughtOf = (typed) => (/^[\d\s.]+$/.test(typed) ? typed.replace(/\D/g, "") : typed.trim());
