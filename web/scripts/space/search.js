// The mandates of a cabinet with thousands of clients: by side, by what waits for an answer, by name or SIRET, a page at
// a time.
import { byId } from "../dom.js";
import { fixSpaces } from "../french.js";
import { place } from "../tab.js";
import { findFocus } from "./focus.js";
import { mandateItem } from "./mandate-item.js";
import { seek } from "./seek.js";
import { isToAnswer, soughtOf } from "./words.js";

const MANDATES = "/api/space/mandates";
/** The side of what waits for an answer: both. */
export const TO_ANSWER = "to-answer";
const UNREADABLE = "La liste n'a pas pu être lue. Réessayez dans quelques minutes.";

/** What was sought in this tab, `{ siret, side, search, pages }`: who comes back finds it again. */
const kept = place("mandates-search");
const FIRST = [{ cursor: null, rank: 0 }];

/** Gives `{ begin(mandates, side) }`. */
export function bindSearch(space) {
  const form = byId("search-mandates");
  const [title, list, before, after] = ["found-title", "found", "before", "after"].map(byId);
  const { side, search } = form.elements;
  /**
   * What is shown: `{ siret, side, search }` as it was sent, where each page begins that was seen, `{ cursor, rank }`,
   * the last is shown, and where the next does. What is typed meanwhile is of another search.
   */
  let shown = null;
  let latest = 0;

  const typed = () => ({ siret: space.establishment.siret, side: side.value, search: search.value });

  async function askFor({ siret, side: of, search: text }, cursor, near) {
    const asked = { siret, as: of === TO_ANSWER ? "" : of, search: soughtOf(text), after: cursor };
    const query = new URLSearchParams(Object.entries(asked).filter(([, value]) => value));
    const answer = await space.ask("GET", `${MANDATES}?${query}`, { doing: "Recherche en cours…", near });
    if (answer.status !== 200) throw answer;
    return answer.data;
  }

  /** Shows a page of `sought`, the last of `pages`. What is asked for meanwhile comes in its place. */
  async function showPage(sought, pages, { near = form, hasFocus = true } = {}) {
    const mine = (latest += 1);
    const { cursor, rank } = pages[pages.length - 1];
    list.setAttribute("aria-busy", "true");
    try {
      const page = await seek({
        ask: (at) => askFor(sought, at, near),
        from: cursor,
        isSought: sought.side === TO_ANSWER ? isToAnswer : () => true,
        isWanted: () => mine === latest,
      });
      if (page) show(sought, pages, { ...page, rank }, hasFocus);
    } catch (error) {
      if (mine !== latest) return;
      if (error.status === 401) space.askLogin();
      else space.sayFailure(UNREADABLE, near);
    } finally {
      if (mine === latest) list.removeAttribute("aria-busy");
    }
  }

  function show(sought, pages, { found, next, rank }, hasFocus) {
    shown = { sought, pages, next: { cursor: next, rank: rank + found.length } };
    kept.write({ ...sought, pages });
    const own = { siret: sought.siret, isHolder: space.isHolder };
    list.replaceChildren(...found.map((mandate) => mandateItem(mandate, own)));
    title.textContent = titleOf(rank, found.length, Boolean(next));
    before.hidden = pages.length < 2;
    after.hidden = !next;
    after.textContent = sought.search || sought.side === TO_ANSWER ? "Chercher plus loin" : "Suivants";
    if (hasFocus) title.focus();
    else findFocus();
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    showPage(typed(), FIRST);
  });
  const ways = byId("found-ways");
  after.addEventListener("click", () => showPage(shown.sought, [...shown.pages, shown.next], { near: ways }));
  before.addEventListener("click", () => showPage(shown.sought, shown.pages.slice(0, -1), { near: ways }));
  form.querySelector("[type=submit]").disabled = false;

  return {
    /** `wanted` if it is given, or what was sought last, or the first page of the side that `mandates` are on. */
    begin(mandates, wanted = null) {
      const { siret } = space.establishment;
      const last = kept.read();
      const isSame = !wanted && last?.siret === siret;
      const usual = mandates.some(({ as }) => as === "cabinet") ? "cabinet" : "client";
      side.value = isSame ? last.side : (wanted ?? usual);
      search.value = isSame ? last.search : "";
      showPage(typed(), isSame ? last.pages : FIRST, { hasFocus: false });
    },
  };
}

function titleOf(rank, count, hasMore) {
  if (!count && !rank) return hasMore ? "Rien trouvé jusqu'ici" : "Aucun mandat ne correspond";
  return fixSpaces(count ? `Mandats ${rank + 1} à ${rank + count}` : "Aucun autre mandat");
}
