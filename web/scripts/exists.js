// The view for an establishment that has an account: the agency's message, and four ways on.
import { byId, readableSiret, showView } from "./dom.js";
import { fixSpaces } from "./french.js";
import { enableRequest } from "./request-invitation.js";
import { enableHandOver } from "./tab.js";

const request = enableRequest();
const openRequest = () => {
  byId("open-request").hidden = true;
  byId("request-place").hidden = false;
};
// What was asked before the page was loaded again is said again.
if (!byId("request-sent").hidden) openRequest();
byId("ask-invitation").addEventListener("click", () => {
  openRequest();
  byId("request-invitation").querySelector("input:not([hidden] *)").focus();
});

/**
 * `siret`, if it is known, is shown, and goes along with the way that the person takes; so does what is `known` of the
 * person: `{ first_name, last_name, email }`.
 */
export function showExists(message, siret, known) {
  byId("exists-message").textContent = fixSpaces(message);
  byId("exists-checked").hidden = !siret;
  if (siret) byId("exists-siret").textContent = readableSiret(siret);
  request.begin({ siret, known });
  enableHandOver(byId("exists"), { siret });
  showView("exists");
}
