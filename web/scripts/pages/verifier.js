// Verifies a journal by the keys that the service publishes.
import { byId } from "../dom.js";
import { within } from "../send.js";
import { bindVerifier } from "../verifier.js";

const READ = "Ce sont les clés que ce service publie. Notez-les, pour vérifier hors ligne.";
const NOT_READ =
  "Les clés que ce service publie n'ont pas pu être lues. Rechargez la page, ou collez celles que vous avez notées.";

/** Fills the field of the keys, unless some were typed meanwhile. */
async function fillKeys() {
  const field = byId("keys");
  const published = await within(fetch("/api/journal/keys").then((answer) => (answer.ok ? answer.json() : null)));
  const isRead = Array.isArray(published?.keys);
  byId("keys-state").textContent = isRead ? READ : NOT_READ;
  if (isRead && !field.value.trim()) field.value = published.keys.join("\n");
}

bindVerifier(() => import(JUDGEMENT_MODULE));
// Not awaited: a journal can be verified without.
fillKeys();
