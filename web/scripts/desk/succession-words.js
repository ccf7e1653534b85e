// What is said of a succession: to agents, who decide, and to the person, who waits. Pure.
import { fixSpaces, inParis } from "../french.js";
import { EVIDENCE } from "./evidence.js";

/** In the order of the form. */
export const EVIDENCE_KINDS = Object.keys(EVIDENCE);

export const wordsOfEvidence = (kind) => EVIDENCE[kind] ?? kind;

const STATES = {
  proposed: "Proposée",
  noticed: "Avis envoyés",
  waiting: "Délai en cours",
  approved: "Approuvée",
  executed: "Exécutée",
  contested: "Contestée",
  refused: "Refusée",
  withdrawn: "Retirée",
};

export const wordsOfState = (state) => STATES[state] ?? state;

const OVER = ["executed", "refused", "withdrawn"];

/** Nothing more can be decided of it; another may be proposed for the same case. */
export const isOver = ({ state }) => OVER.includes(state);

/** The service takes an approval a few seconds after the window: clocks differ. */
const MARGIN_MS = 6000;

/** The window has passed. The service judges by its own clock; this only spares a click in vain. */
export const isDue = ({ window }, now = Date.now()) =>
  Boolean(window?.contest_until) && Date.parse(window.contest_until) + MARGIN_MS < now;

/**
 * What an agent can do with it now: `[[act, words], …]`. The service judges; this spares what it would surely refuse.
 * Who proposed does not approve.
 */
export function actsOf(succession, { isSupervisor, me }, now = Date.now()) {
  const { state, is_mine: isMine, lifted_by: lifter } = succession;
  const acts = [];
  if (!isMine && state === "contested" && (!lifter || lifter !== me.name)) acts.push(["approve", "Lever la contestation"]);
  else if (!isMine && state === "executed") acts.push(["approve", "Renvoyer l'invitation"]);
  else if (!isMine && (state === "approved" || (state === "waiting" && isDue(succession, now)))) {
    acts.push(["approve", "Approuver la succession"]);
  }
  if (isOver(succession)) return acts;
  acts.push(["refuse", "Refuser : il manque quelque chose"]);
  if (isMine || isSupervisor) acts.push(["withdraw", "Retirer la proposition"]);
  return acts;
}

const DELIVERED = "depuis que l'ancienne adresse a reçu son avis";
const BOUNCED = "l'ancienne adresse ne reçoit plus : ce délai plus long compte depuis les autres avis";

/** The window's dates and why it is as long as it is; an agent sees what the delay hangs on. */
export function wordsOfWindow({ state, window }) {
  if (!window?.opened_at) {
    return isOver({ state })
      ? ""
      : "Le délai n'a pas commencé : il part de la remise de l'avis à l'ancienne adresse. Tant qu'aucun avis n'est remis, rien ne peut être approuvé.";
  }
  const why = window.because === "bounced" ? BOUNCED : DELIVERED;
  const until = window.contest_until ? `, jusqu'au ${inParis(window.contest_until)}` : "";
  return fixSpaces(`${window.days} jours, ouvert le ${inParis(window.opened_at)}${until} (heure de Paris) : ${why}.`);
}

/** What it waits for, and from whom. */
export function wordsOfNext(succession, now = Date.now()) {
  const { state, is_mine: isMine } = succession;
  const other = isMine ? "Vous l'avez proposée : un autre agent devra l'approuver." : "";
  const until = succession.window?.contest_until;
  const said = {
    proposed: `Les avis partent. ${other}`,
    noticed: `Les avis sont partis, aucun n'est encore remis. ${other}`,
    waiting: isDue(succession, now)
      ? isMine
        ? "Le délai est passé. Vous l'avez proposée : demandez à un autre agent de l'approuver."
        : "Le délai est passé sans contestation : vous pouvez l'approuver."
      : `Elle pourra être approuvée après le ${until ? inParis(until) : "délai"}. ${other}`,
    approved: isMine
      ? "Approuvée, pas encore exécutée : un autre agent doit l'approuver de nouveau."
      : "Approuvée, pas encore exécutée : approuvez-la de nouveau pour terminer.",
    executed: "L'invitation est partie chez le nouveau titulaire, l'ancien est suspendu.",
    contested: succession.lifted_by
      ? `Rien ne bouge. ${succession.lifted_by} est d'accord pour lever la contestation : il manque un autre agent, qui ne l'a pas proposée.`
      : "Rien ne bouge. Il faut deux agents, dont aucun ne l'a proposée, pour lever la contestation : de nouveaux avis partent alors, et un nouveau délai.",
    refused: "La demande continue : proposez de nouveau quand ce qui manquait est là.",
    withdrawn: "La demande continue : une autre succession peut être proposée.",
  }[state];
  return fixSpaces((said ?? "").trim());
}

export const NOTICED = { holder: "Titulaire", member: "Utilisateur", cabinet: "Cabinet mandaté" };

/** What the person who asked reads of it: what it waits for, and until when. `[title, text]`. */
export function wordsForPerson({ state, contest_until: until }) {
  const told = "Nous avons écrit à l'ancienne adresse, aux collègues et aux cabinets de l'établissement.";
  const said = {
    proposed: ["Nous prévenons les personnes concernées", "Le délai pour s'y opposer commence quand notre courriel leur est remis. Vous n'avez rien à faire."],
    noticed: ["Nous prévenons les personnes concernées", `${told} Le délai pour s'y opposer commence quand un courriel est remis. Vous n'avez rien à faire.`],
    waiting: [
      until ? `Chacun peut s'y opposer jusqu'au ${inParis(until)}` : "Chacun peut encore s'y opposer",
      `${told} Passé ce délai (heure de Paris), une deuxième personne de l'assistance décide. Vous n'avez rien à faire.`,
    ],
    approved: ["La transmission est acceptée", "Vous recevez très bientôt une invitation par courriel."],
    executed: ["La transmission est faite", "Une invitation vous est envoyée par courriel : ouvrez son lien pour entrer dans l'espace. Elle est valable 7 jours."],
    contested: ["Quelqu'un s'y est opposé", "Rien ne change pour le moment. L'assistance vérifie, et vous écrit."],
    refused: ["Il manque quelque chose", "La réponse de l'assistance dit quoi. Envoyez-le par un message : la même demande continue."],
    withdrawn: ["L'assistance a repris sa proposition", "Votre demande continue. L'assistance vous écrit."],
  }[state];
  return (said ?? ["Transmission du compte", ""]).map(fixSpaces);
}
