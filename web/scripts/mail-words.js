// Where a mail is, and how a domain takes our mails, in words. Pure: `mail` and `delivery` are what the service says.
import { fixSpaces, hour } from "./french.js";

const END_STATES = ["delivered", "bounced", "refused", "suppressed"];
/** From here on the queue is spoken of. */
const WAIT_SECONDS_MIN = 600;

const isLongWait = ({ state, ahead_seconds: seconds }) => state === "queued" && seconds >= WAIT_SECONDS_MIN;

const minutes = (seconds) => {
  const count = Math.max(Math.round(seconds / 60), 1);
  return `${count} minute${count > 1 ? "s" : ""}`;
};

const because = (reason) => (reason ? ` : ${reason}` : "");

const STATES = {
  queued: (mail) =>
    isLongWait(mail)
      ? `Beaucoup de demandes en ce moment : votre message partira dans environ ${minutes(mail.ahead_seconds)}. Rien n'est perdu.`
      : "Votre message part dans un instant.",
  sent: ({ at }, domain) => `Parti à ${hour(at)}, en attente de la réponse de ${domain}.`,
  delayed: (_, domain) => `${domain} retarde notre message. Nous réessayons, vous n'avez rien à faire.`,
  delivered: ({ at }, domain) =>
    `Remis au serveur de ${domain} à ${hour(at)}. S'il n'est pas dans votre boîte, regardez dans les indésirables.`,
  bounced: ({ reason }, domain) => `Refusé par ${domain}${because(reason)}.`,
  refused: ({ reason }, domain) => `Notre message à ${domain} n'est pas parti${because(reason)}.`,
  suppressed: ({ reason }) => `Nous n'avons pas envoyé ce message${because(reason)}.`,
};
const STOPPED = "Cette page ne suit plus notre message : rechargez-la pour savoir où il en est.";

/** `j•••@exemple.fr` -> `exemple.fr`, of an address in any form; empty if it has none. */
export const domainOf = (address) => /@([^@\s]+)$/.exec(address?.trim() ?? "")?.[1].toLowerCase() ?? "";

/** What is said of a mail; empty for a state that this page does not know. */
export const wordsOf = (mail) => fixSpaces(STATES[mail.state]?.(mail, domainOf(mail.sent_to)) ?? "");

/** What is said once the page asks no more, after what it knew last of `mail`, if that is still true. */
export const wordsOfStop = (mail) =>
  mail && mail.state !== "queued" ? `${wordsOf(mail)} ${fixSpaces(STOPPED)}`.trim() : fixSpaces(STOPPED);

/** Nothing more will become of it. */
export const isOver = (mail) => END_STATES.includes(mail?.state);

/** It will not come, and something can be done: the service advises what. */
export const isLost = (mail) => isOver(mail) && Boolean(mail.advice);

/** A wait that differs by less is not spoken of anew: who listens would hear a number at each question. */
const STEP_SECONDS_MIN = 300;

/** Whether what is said of `mail` is news to whom `before` was said. */
export function isNews(mail, before) {
  if (!before || mail.state !== before.state || isLongWait(mail) !== isLongWait(before)) return true;
  if (isLongWait(mail)) return Math.abs(mail.ahead_seconds - before.ahead_seconds) >= STEP_SECONDS_MIN;
  return wordsOf(mail) !== wordsOf(before);
}

/** What is said of a domain; empty if there is nothing to say. */
export function wordsOfDelivery({ domain, state, median_seconds: seconds }) {
  if (state === "refusing") return fixSpaces(`${domain} refuse nos messages en ce moment.`);
  if (state !== "delayed") return "";
  const median = seconds ? ` (médiane ${Math.max(Math.round(seconds / 60), 1)} min)` : "";
  return fixSpaces(`${domain} retarde nos messages en ce moment${median}.`);
}
