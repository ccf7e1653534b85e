// Mandates of an establishment, given and held. A cabinet with many clients searches among them.
import { byId } from "../dom.js";
import { mandateItem } from "../space/mandate-item.js";
import { TO_ANSWER, bindSearch } from "../space/search.js";
import { openSpace } from "../space/shell.js";

const SIDES = { client: "given", cabinet: "held" };

/** The first page of my space leads to what waits for an answer. */
let wanted = location.hash === `#${TO_ANSWER}` ? TO_ANSWER : null;
if (wanted) history.replaceState(null, "", location.pathname);

const space = openSpace({ main: "mandates", needsEstablishment: true, show });

function show() {
  const { siret, mandates = [], mandates_next: next } = space.establishment;
  byId("for-holders").hidden = !space.isHolder;
  byId("for-members").hidden = space.isHolder || space.isSuspended;
  byId("shown-mandates").hidden = space.isSuspended;
  byId("no-mandate").hidden = mandates.length > 0;
  // Who has a few sees them all.
  byId("by-side").hidden = Boolean(next);
  byId("searched").hidden = !next;
  if (next) {
    // Not waited for: what is asked for meanwhile is said in the view.
    searching.begin(mandates, wanted);
    wanted = null;
    return;
  }
  for (const [side, id] of Object.entries(SIDES)) {
    const those = mandates.filter((mandate) => mandate.as === side);
    byId(id).hidden = those.length === 0;
    const own = { siret, isHolder: space.isHolder };
    byId(`${id}-list`).replaceChildren(...those.map((mandate) => mandateItem(mandate, own)));
  }
}

const searching = bindSearch(space);
