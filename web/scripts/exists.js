// The view for an establishment that has an account: the agency's message, and three ways out.
import { byId, showView } from "./dom.js";
import { enableHandOver } from "./tab.js";

/** `siret` goes along with the way that the person takes, if it is known. */
export function showExists(message, siret) {
  byId("exists-message").textContent = message;
  enableHandOver(byId("exists"), { siret });
  showView("exists");
}
