// Somebody asked to be invited: the link of the mail to the holders has who it is in its fragment, and fills the form
// of an invitation. Nothing is sent by it.
import { place } from "../tab.js";

const START = "#inviter=";
const FIELDS = ["siret", "first_name", "last_name", "email"];
const NOT_MINE = "Cette demande d'invitation concerne un établissement dont vous n'êtes pas titulaire.";
const CUT =
  "Le lien du courriel est coupé : il ne dit plus qui demande à vous rejoindre. Recopiez depuis le courriel son nom et " +
  "son adresse.";
const kept = place("to-invite");

/** Base64url of UTF-8 JSON; null if it is anything else, as a link that was cut. */
function read(code) {
  try {
    const bytes = Uint8Array.from(atob(code.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
    const given = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    if (!given.siret || !given.email) return null;
    return Object.fromEntries(FIELDS.map((name) => [name, String(given[name] ?? "")]));
  } catch {
    return null;
  }
}

// At once: the address must not stay in the history, also when the login comes first.
if (location.hash.startsWith(START)) {
  kept.write(read(location.hash.slice(START.length)) ?? { isCut: true });
  history.replaceState(null, "", location.pathname);
}

/** Whether there is somebody to invite, into the establishment that is shown from now on. */
export function takeInviter(space) {
  const asked = kept.read();
  if (asked?.isCut) return takeCut(space);
  const isMine = ({ siret, role, state }) => siret === asked?.siret && role === "holder" && state !== "suspended";
  if (asked && !space.establishments.some(isMine)) {
    kept.forget();
    space.news = NOT_MINE;
    return false;
  }
  if (asked) space.prefer(asked.siret);
  return Boolean(asked);
}

/** The form comes empty, for who may invite somebody. */
function takeCut(space) {
  if (!space.isHolder) kept.forget();
  space.news = CUT;
  return space.isHolder;
}

/** Who it is, once: `{ first_name, last_name, email }`, or `{ isCut, news }` if the link does not say it; null if nobody has asked. */
export function inviter() {
  const asked = kept.read();
  kept.forget();
  return asked?.isCut ? { ...asked, news: CUT } : asked;
}
