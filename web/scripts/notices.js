// The state of the service, from those who run it: incidents, maintenance, closures.
import { make } from "./dom.js";
import { fixSpaces, inParis } from "./french.js";

/** Later they would move what the person is reading. */
const TIMEOUT_SECONDS = 5;

/** Fills `element` once, and shows what follows it when `also` is known too. A failure holds nothing back. */
export async function showNotices(element, also = null) {
  fill(element, await fetchNotices());
  await Promise.resolve(also).catch(() => {});
  document.documentElement.classList.add("app-notices-known");
}

/** Fills `element` with the notices that there are, and says nothing if there are none or they cannot be had. */
export async function showNoticesOnly(element) {
  element.replaceChildren(...((await fetchNotices()) ?? []).map(notice));
}

function fill(element, notices) {
  if (notices === null) element.replaceChildren(make("p", {}, "L'état du service n'est pas disponible pour le moment."));
  else if (notices.length === 0) element.replaceChildren(make("p", {}, "Aucun incident signalé."));
  else element.replaceChildren(...notices.map(notice));
}

async function fetchNotices() {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), TIMEOUT_SECONDS * 1000);
  try {
    const response = await fetch("/api/notices", { signal: late.signal });
    return response.ok ? await response.json() : null;
  } catch {
    return null;
  } finally {
    clearTimeout(timer);
  }
}

/** When what it tells of takes place; if that is not said, since when it is told. */
function datesOf({ from, event_from, event_until }) {
  if (!event_from || !event_until) return `Annonce du ${inParis(from)} (heure de Paris).`;
  return `Du ${inParis(event_from)} au ${inParis(event_until)} (heure de Paris).`;
}

function notice({ level, title, body, ...moments }) {
  const dates = make("p", { class: "app-notice__dates" }, datesOf(moments));
  return make("div", { class: `app-notice app-notice--${level}` }, make("h2", {}, fixSpaces(title)), make("p", {}, fixSpaces(body)), dates);
}
