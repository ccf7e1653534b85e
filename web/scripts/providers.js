// The mailboxes that people in France have, and which one is meant by a domain that is nearly one of them.
import emailMisspelled from "email-misspelled";

const PROVIDERS = [
  ...["gmail.com", "orange.fr", "hotmail.fr", "hotmail.com", "wanadoo.fr", "free.fr", "yahoo.fr", "yahoo.com", "outlook.fr"],
  ...["outlook.com", "sfr.fr", "laposte.net", "icloud.com", "live.fr", "live.com", "bbox.fr", "neuf.fr", "numericable.fr"],
  ...["aol.com", "msn.com", "gmx.fr", "gmx.com", "protonmail.com", "proton.me", "club-internet.fr", "aliceadsl.fr", "cegetel.net"],
  ...["noos.fr", "me.com", "mac.com", "googlemail.com", "hotmail.be", "skynet.be", "yahoo.be", "bluewin.ch", "mailo.com"],
];
/** Names that have mailboxes at one end only. The others have theirs in many countries. */
const ONE_END = { gmail: "gmail.com", icloud: "icloud.com", laposte: "laposte.net", numericable: "numericable.fr" };
/** A letter or an end away from those, and somebody's own. */
const OTHERS = ["email.com", "mail.com", "ymail.com", "laposte.fr", "laposte.com", "numericable.com", "box.fr", "grange.fr"];

/** Slips of the finger that end no domain (IANA's list), and what was meant. */
const ENDINGS = {
  fr: ["f", "frr", "ffr", "rf", "ftr", "fre", "fe"],
  com: ["con", "cmo", "ocm", "comm", "vom", "xom", "cim", "cpm", "coom", "ccom", "c0m", "coml"],
  net: ["nte", "nett", "ner"],
  org: ["ogr", "rog", "orgg"],
};
/** Ends of countries, in which these names have no mailboxes. */
const CUT_ENDINGS = ["co", "cm", "om", "ne"];

const MISTAKES_MAX = 2;
const findNear = emailMisspelled({ domains: PROVIDERS, lengthDiffMax: MISTAKES_MAX, maxMisspelled: MISTAKES_MAX });

const nameOf = (domain) => domain.slice(0, domain.lastIndexOf("."));
const endOf = (domain) => domain.slice(domain.lastIndexOf(".") + 1);
const rightEnd = (end) => Object.keys(ENDINGS).find((right) => ENDINGS[right].includes(end));
const sorted = (text) => [...text].sort().join("");

/** The address that was probably meant, or null: `jeanne@gmial.com` -> `jeanne@gmail.com`. */
export function meantAddress(typed) {
  const [, local, written] = /^([^@\s]+)@([^@\s]+)$/.exec(typed.trim()) ?? [];
  if (!written) return null;
  const meant = meantDomain(written.toLowerCase().replace(/[,;]/g, "."));
  return meant && meant !== written.toLowerCase() ? `${local}@${meant}` : null;
}

function meantDomain(typed) {
  if (PROVIDERS.includes(typed) || OTHERS.includes(typed)) return typed;
  const right = typed.includes(".") && rightEnd(endOf(typed));
  const domain = right ? `${nameOf(typed)}.${right}` : typed;
  const cut = PROVIDERS.find((provider) => [provider.replace(".", ""), nameOf(provider)].includes(domain));
  const near = findNear(`x@${domain}`).find(({ suggest, misspelledCount }) => isMeant(domain, suggest, misspelledCount));
  const found = ONE_END[nameOf(domain)] ?? cut ?? near?.suggest ?? domain;
  return found === typed ? null : found;
}

/** Many an enterprise's own domain is two letters away from a provider's, or one if it is short. */
function isMeant(domain, provider, mistakes) {
  const name = nameOf(provider);
  if (mistakes === 0) return true;
  if (nameOf(domain) === name) return CUT_ENDINGS.includes(endOf(domain));
  if (name.length < 4) return false;
  if (name.length === 4) return mistakes === 1 && domain.length !== provider.length;
  return mistakes === 1 || sorted(domain) === sorted(provider) || (name.length >= 7 && domain[0] === provider[0]);
}
