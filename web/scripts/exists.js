// The view for an establishment that has an account: the agency's message, and three ways out.
import { byId, readableSiret, showView } from "./dom.js";
import { fixSpaces } from "./french.js";
import { enableHandOver } from "./tab.js";

/** `siret`, if it is known, is shown, and goes along with the way that the person takes. */
export function showExists(message, siret) {
  byId("exists-message").textContent = fixSpaces(message);
  byId("exists-checked").hidden = !siret;
  if (siret) byId("exists-siret").textContent = readableSiret(siret);
  enableHandOver(byId("exists"), { siret });
  showView("exists");
}
