// Mandates of an establishment, given and held. A cabinet with many clients searches among them.
import { byId } from "../dom.js";
import { mandateItem } from "../space/mandate-item.js";
import { bindSearch } from "../space/search.js";
import { openSpace } from "../space/shell.js";

const SIDES = { client: "given", cabinet: "held" };

const space = openSpace({ main: "mandates", needsEstablishment: true, show });

function show() {
  const { siret, mandates = [], mandates_next: next } = space.establishment;
  byId("for-holders").hidden = !space.isHolder;
  byId("for-members").hidden = space.isHolder;
  byId("no-mandate").hidden = mandates.length > 0;
  // Who has a few sees them all.
  byId("by-side").hidden = Boolean(next);
  byId("searched").hidden = !next;
  if (next) return searching.begin(mandates);
  for (const [side, id] of Object.entries(SIDES)) {
    const those = mandates.filter((mandate) => mandate.as === side);
    byId(id).hidden = those.length === 0;
    const own = { siret, isHolder: space.isHolder };
    byId(`${id}-list`).replaceChildren(...those.map((mandate) => mandateItem(mandate, own)));
  }
}

const searching = bindSearch(space);
