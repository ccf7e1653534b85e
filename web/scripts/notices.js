// The state of the service, from those who run it: incidents, maintenance, closures.
import { make } from "./dom.js";
import { fixSpaces } from "./french.js";

const PARIS_TIME = new Intl.DateTimeFormat("fr-FR", { dateStyle: "long", timeStyle: "short", timeZone: "Europe/Paris" });

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

function notice({ level, title, body, from, until }) {
  const dates = make("p", { class: "app-notice__dates" }, `${PARIS_TIME.formatRange(new Date(from), new Date(until))}, heure de Paris.`);
  return make("div", { class: `app-notice app-notice--${level}` }, make("h2", {}, fixSpaces(title)), make("p", {}, fixSpaces(body)), dates);
}
