// The login of agents: a link. What the service refused is said in words, by the code that it came back with.
import { byId } from "../dom.js";
import { fixSpaces } from "../french.js";

const REFUSALS = {
  "agent-unknown": [
    "Vous n'êtes pas encore habilité",
    "Votre compte est reconnu, mais personne ne vous a ouvert le bureau. Votre responsable peut le faire en quelques minutes.",
  ],
  "agent-login-refused": [
    "La connexion n'a pas abouti",
    "Recommencez depuis le début : une connexion commencée sert une seule fois, pendant 10 minutes, dans un seul onglet.",
  ],
  "agent-login-unavailable": [
    "Le service de connexion ne répond pas",
    "Ce n'est pas votre faute. Réessayez dans quelques minutes. Les demandes attendent, rien n'est perdu.",
  ],
  "address-not-allowed": ["Cette adresse du réseau n'est pas permise", "Ouvrez le bureau depuis le réseau de l'agence."],
  "no-session": ["Votre connexion a pris fin", "Connectez-vous de nouveau."],
};
const OTHER = ["La connexion n'a pas abouti", "Recommencez. Si cela se répète, prévenez votre responsable."];
/** A subject of OpenID Connect: nothing else is shown as one, whatever an address brings. */
const SUB = /^[!-"$-~]{1,255}$/;

/** It stands in the fragment, which no log has. */
function readSub() {
  try {
    return decodeURIComponent(location.hash.slice(1));
  } catch {
    return "";
  }
}

const asked = new URLSearchParams(location.search);
const code = asked.get("refus");
if (code) {
  // Neither a reload nor the history tells it again, and who looks over the shoulder reads no number in the address.
  const sub = readSub();
  history.replaceState(null, "", location.pathname);
  const [title, text] = REFUSALS[code] ?? OTHER;
  byId("refusal-title").textContent = fixSpaces(title);
  byId("refusal-text").textContent = fixSpaces(text);
  byId("own-sub").hidden = !SUB.test(sub);
  byId("sub").textContent = byId("own-sub").hidden ? "" : sub;
  byId("refusal").hidden = false;
}

byId("copy-sub").addEventListener("click", async () => {
  try {
    await navigator.clipboard.writeText(byId("sub").textContent);
    byId("copied").textContent = "Numéro copié.";
  } catch {
    getSelection().selectAllChildren(byId("sub"));
    byId("copied").textContent = fixSpaces("La copie n'est pas permise : le numéro est sélectionné, copiez-le vous-même.");
  }
});
