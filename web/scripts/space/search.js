// The mandates of a cabinet with thousands of clients: by side, by name or SIRET, a page at a time.
import { byId } from "../dom.js";
import { fixSpaces } from "../french.js";
import { place } from "../tab.js";
import { mandateItem } from "./mandate-item.js";
import { soughtOf } from "./words.js";

const MANDATES = "/api/space/mandates";
/** A search by name may answer pages without any: it goes on until there are as many, or it has asked so often. */
const FOUND_MIN = 20;
const QUESTIONS_MAX = 25;
const UNREADABLE = "La liste n'a pas pu être lue. Réessayez dans quelques minutes.";

/** What was sought in this tab, `{ siret, side, search, pages }`: who comes back finds it again. */
const kept = place("mandates-search");
const FIRST = [{ cursor: null, rank: 0 }];

/** Gives `{ begin(mandates) }`. */
export function bindSearch(space) {
  const form = byId("search-mandates");
  const [title, list, before, after] = ["found-title", "found", "before", "after"].map(byId);
  const { side, search } = form.elements;
  /** Where each page begins that was seen, `{ cursor, rank }`, the last is shown; and where the next does. */
  let pages = FIRST;
  let next = null;
  let latest = 0;

  async function ask(from) {
    const { siret } = space.establishment;
    const found = [];
    let cursor = from;
    for (let count = 0; count < QUESTIONS_MAX; count += 1) {
      const asked = { siret, as: side.value, search: soughtOf(search.value), after: cursor };
      const query = new URLSearchParams(Object.entries(asked).filter(([, value]) => value));
      const answer = await space.ask("GET", `${MANDATES}?${query}`, { doing: "Recherche en cours…" });
      if (answer.status !== 200) throw answer;
      found.push(...answer.data.mandates);
      cursor = answer.data.next;
      if (!cursor || found.length >= FOUND_MIN) break;
    }
    return { found, cursor, siret };
  }

  /** Shows a page, the last of `seen`. What is asked for meanwhile comes in its place. */
  async function showPage(seen, { hasFocus = true } = {}) {
    const mine = (latest += 1);
    const { cursor: from, rank } = seen[seen.length - 1];
    try {
      const { found, cursor, siret } = await ask(from);
      if (mine !== latest) return;
      pages = seen;
      next = { cursor, rank: rank + found.length };
      kept.write({ siret, side: side.value, search: search.value, pages });
      const own = { siret, isHolder: space.isHolder };
      list.replaceChildren(...found.map((mandate) => mandateItem(mandate, own)));
      title.textContent = titleOf(rank, found.length, Boolean(cursor));
      before.hidden = pages.length < 2;
      after.hidden = !cursor;
      after.textContent = search.value ? "Chercher plus loin" : "Suivants";
      if (hasFocus) title.focus();
    } catch (error) {
      if (error.status === 401) space.askLogin();
      else space.progress.say(UNREADABLE);
    }
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    showPage(FIRST);
  });
  after.addEventListener("click", () => showPage([...pages, next]));
  before.addEventListener("click", () => showPage(pages.slice(0, -1)));
  form.querySelector("[type=submit]").disabled = false;

  return {
    /** What was sought last, or the first page of the side that `mandates` are on. */
    begin(mandates) {
      const last = kept.read();
      const isSame = last?.siret === space.establishment.siret;
      side.value = isSame ? last.side : mandates.some(({ as }) => as === "cabinet") ? "cabinet" : "client";
      search.value = isSame ? last.search : "";
      showPage(isSame ? last.pages : FIRST, { hasFocus: false });
    },
  };
}

function titleOf(rank, count, hasMore) {
  if (!count && !rank) return hasMore ? "Rien trouvé jusqu'ici" : "Aucun mandat ne correspond";
  return fixSpaces(count ? `Mandats ${rank + 1} à ${rank + count}` : "Aucun autre mandat");
}
