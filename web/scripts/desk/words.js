// What the desk, and the person's own view of a request, say in words. Pure: the arguments are what the service says.
import { fixSpaces, hourInParis, inParis } from "../french.js";

export const MOTIVES = {
  "extranet-access": "Habilitation à l'extranet",
  "establishment-record": "Fiche Établissement",
  "authorisation-decision": "Décision d'Autorisation",
  "indemnity-claim": "Demande d'Indemnisation",
  "signature-certificate": "Certificat de signature",
  other: "Autres",
};

export const CASE_STATES = { waiting: "En attente", answered: "Répondue", closed: "Fermée" };

/** What the person reads of the same state. */
export const REQUEST_STATES = {
  waiting: "En attente d'une réponse",
  answered: "L'assistance vous a répondu",
  closed: "Fermée",
};

export const ROLES = { agent: "Agent", supervisor: "Superviseur" };

/** The highest of an agent's roles. */
export const wordsOfRoles = (roles) => ROLES[roles.includes("supervisor") ? "supervisor" : "agent"];

const MINUTE_MS = 60_000;
const plural = (count, word) => `${count} ${word}${count > 1 ? "s" : ""}`;

/** `3 h`, for how long somebody has waited; the largest unit alone. */
export function wordsOfAge(since, now = Date.now()) {
  const minutes = Math.max(Math.floor((now - Date.parse(since)) / MINUTE_MS), 0);
  if (minutes < 60) return fixSpaces(`${minutes} min`);
  if (minutes < 48 * 60) return fixSpaces(`${Math.floor(minutes / 60)} h`);
  return fixSpaces(plural(Math.floor(minutes / (24 * 60)), "jour"));
}

/** Somebody else treats it now. A lease that is over is nobody's, whatever the row says. */
export const isHeldByOther = (held, now = Date.now()) => Boolean(held) && !held.is_mine && Date.parse(held.until) > now;

export const isHeldByMe = (held, now = Date.now()) => Boolean(held?.is_mine) && Date.parse(held.until) > now;

/** Who treats a case, and until when. */
export function wordsOfHeld(held, now = Date.now()) {
  if (isHeldByMe(held, now)) return `Vous la traitez, jusqu'à ${hourInParis(held.until)}`;
  if (isHeldByOther(held, now)) return `${held.by} la traite, jusqu'à ${hourInParis(held.until)}`;
  return "Personne ne la traite";
}

/** Said when somebody else was quicker; what was typed is in the form still. */
export const wordsOfConflict = (held, now = Date.now()) =>
  fixSpaces(
    isHeldByOther(held, now)
      ? `${held.by} traite cette demande jusqu'à ${hourInParis(held.until)}. Votre texte est conservé : vous pourrez l'envoyer ensuite.`
      : "Un autre agent la traitait à l'instant, et l'a rendue. Votre texte est conservé : envoyez de nouveau.",
  );

const ACTS = {
  message: "Message",
  answer: "Réponse",
  note: "Note interne",
  taken: "a pris la demande",
  released: "a rendu la demande",
  closed: "a fermé la demande",
  reopened: "a rouvert la demande",
  succession: "Succession",
};

/** What stands over an entry of a thread, as an agent reads it: `Claire Petit a pris la demande`, `Note interne, par Claire Petit`. */
export function titleOfEntry({ kind, by, name }, person) {
  const who = by === "person" ? person : by === "agent" ? (name ?? "L'assistance") : "Le service";
  const act = ACTS[kind] ?? kind;
  return fixSpaces(/^a /.test(act) ? `${who} ${act}` : `${act}, par ${who.replace(/^L(?='assistance|e service)/, "l")}`);
}

/** The same, as the person reads it: agents have no names for them, and notes are never among it. */
export function titleOfOwnEntry({ kind, by }) {
  const isMine = by === "me";
  if (kind === "closed") return isMine ? "Vous avez fermé la demande" : "L'assistance a fermé la demande";
  if (kind === "reopened") return isMine ? "Vous avez rouvert la demande" : "L'assistance a rouvert la demande";
  if (kind === "succession") return "Transmission du compte";
  return isMine ? "Vous" : "L'assistance";
}

/** `Le 27 novembre à 14 h 02`: never the day without its hour, a deadline may depend on it. */
export const momentOf = (at, now = Date.now()) => `Le ${inParis(at, now)}`;

const ACCOUNTS = { none: "Aucun compte pour ce SIRET", open: "Ouvert", closed: "Fermé" };

/** `Ouvert, 1 titulaire, 2 personnes en tout`. */
export function wordsOfAccount({ state, holders, members }) {
  const people = state === "open" ? `, ${plural(holders, "titulaire")}, ${plural(members, "personne")} en tout` : "";
  return fixSpaces(`${ACCOUNTS[state] ?? state}${people}`);
}

/** Null: the service does not know, which is not none. */
export function wordsOfFailures(count) {
  if (count === null || count === undefined) return "Inconnues";
  return count === 0 ? "Aucune" : fixSpaces(`${plural(count, "connexion")} refusée${count > 1 ? "s" : ""} récemment`);
}

const MAILS = {
  activation: "Activation du compte",
  welcome: "Bienvenue",
  recovery: "Identifiant et mot de passe oubliés",
  "recovery-by-address": "Identifiant oublié",
  "recovery-by-identifier": "Mot de passe oublié",
  "logins-blocked": "Connexions bloquées",
  "password-changed": "Mot de passe changé",
  "ticket-receipt": "Accusé de réception",
  "request-answer": "Réponse de l'assistance",
  "succession-notice": "Avis de succession",
  "succession-news": "Suite d'une succession",
  invitation: "Invitation",
  "invitation-request": "Demande d'invitation",
  "member-joined": "Arrivée d'un collègue",
  "member-changed": "Accès changé",
  mandate: "Mandat",
  "address-confirmation": "Confirmation d'adresse",
  "address-notice": "Changement d'adresse",
  "space-closed": "Espace fermé",
  "account-closed": "Compte fermé",
  "still-there": "Toujours titulaire ?",
};

export const wordsOfMailKind = (kind) => fixSpaces(MAILS[kind.replaceAll("_", "-")] ?? kind);

const MAIL_STATES = {
  queued: "en attente d'envoi",
  sending: "en cours d'envoi",
  sent: "parti, réponse attendue",
  delayed: "retardé par le serveur",
  delivered: "remis",
  returned: "revenu pour le moment",
  bounced: "refusé par le serveur",
  refused: "non parti",
  suppressed: "non envoyé, adresse hors d'usage",
  complained: "remis, puis signalé indésirable",
  superseded: "remplacé par un autre",
  "no-recipient": "non envoyé, sans destinataire",
};

export const wordsOfMailState = (state) => MAIL_STATES[state.replaceAll("_", "-")] ?? state;
