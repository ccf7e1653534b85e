// Lists are drawn anew when the data has come again: who was on an entry of one is on the same entry afterwards, and
// who was on one that is gone is on the heading before its place.
import { byId } from "../dom.js";

/** Where the focus was last: the element, and by what the one that takes its place is known. */
let last = null;

addEventListener("focusin", ({ target }) => (last = describe(target)));

const describe = (element) => ({
  element,
  /** What stays when its contents are replaced. */
  place: element.parentElement?.closest("[id]")?.id,
  name: element.closest("[data-name]")?.dataset.name,
  action: element.dataset.action,
  href: element.getAttribute("href"),
  value: element.matches("input") ? element.value : undefined,
});

/** Gives the focus back if it was lost since it was last somewhere. */
export function findFocus() {
  const isLost = last && !last.element.isConnected && document.activeElement === document.body;
  if (!isLost) return;
  const place = last.place && byId(last.place);
  const next = (place && again(place)) ?? headingBefore(place);
  if (next?.matches("h1, h2")) next.tabIndex = -1;
  next?.focus();
}

function again(place) {
  const isSame = (one) => {
    const { name, action, href, value } = describe(one);
    return name === last.name && action === last.action && href === last.href && value === last.value;
  };
  return [...place.querySelectorAll("a, button, input")].find(isSame);
}

/** The last that can be seen before `place`; the first of the page's content if there is no such place. */
function headingBefore(place) {
  const seen = [...document.querySelectorAll("main h1, main h2")].filter((one) => one.getClientRects().length > 0);
  const isBefore = (one) => one.compareDocumentPosition(place) & Node.DOCUMENT_POSITION_FOLLOWING;
  return (place && seen.filter(isBefore).pop()) ?? seen[0];
}
