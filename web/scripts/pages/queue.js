// The queue: what waits, oldest first, a page after another; by mouse or by letters.
import { byId, make, readableSiret } from "../dom.js";
import { fixSpaces } from "../french.js";
import { bindDeskForm } from "../desk/forms.js";
import { enableShortcuts } from "../desk/shortcuts.js";
import { openDesk } from "../desk/shell.js";
import { CASE_STATES, MOTIVES, isHeldByMe, isHeldByOther, momentOf, wordsOfAge, wordsOfHeld } from "../desk/words.js";
import { place } from "../tab.js";

const CASES = "/api/agents/cases";
const CASE = "/agents/demande/#";
/** Older than a day, it is late: an alarm says so too. */
const LATE_MS = 24 * 3600 * 1000;
const NOT_READ = "La liste n'a pas pu être lue. Réessayez dans quelques minutes.";

/** What is shown: who comes back from a case, or from a login, finds the same. */
const kept = place("desk-filters");
const FIRST = { state: "waiting", motive: "", siret: "" };
let next = null;

const filters = () => ({ ...FIRST, ...kept.read() });

function urlOf(after) {
  const { state, motive, siret } = filters();
  // With a SIRET the service gives all motives.
  const asked = { state, motive: siret ? "" : motive, siret, after };
  return `${CASES}?${new URLSearchParams(Object.entries(asked).filter(([, value]) => value))}`;
}

const desk = openDesk({ main: "queue", load: (_, options) => desk.ask("GET", urlOf(), options), show });

function show(_, { cases, next: more }) {
  byId("cases").replaceChildren(...cases.map(item));
  const { state, motive, siret } = filters();
  const words = [CASE_STATES[state], siret ? `SIRET ${readableSiret(siret)}` : MOTIVES[motive]].filter(Boolean);
  byId("filter-words").textContent = fixSpaces(` : ${words.join(", ")}`);
  byId("no-case").hidden = cases.length > 0;
  showCount(more);
}

function showCount(more) {
  next = more ?? null;
  byId("more").hidden = !next;
  const count = byId("cases").children.length;
  const words = `${count} demande${count > 1 ? "s" : ""}${next ? ", d'autres suivent" : ""}, la plus ancienne d'abord`;
  byId("queue-title").textContent = fixSpaces(count ? words : "Aucune demande");
}

function item({ reference, siret, establishment_name: name, motive, state, created_at: at, held }) {
  const isLate = state === "waiting" && Date.now() - Date.parse(at) > LATE_MS;
  const link = make("a", { class: "govuk-link app-queue__link", href: CASE + reference }, name);
  const age = make("strong", { class: "app-queue__age" }, wordsOfAge(at));
  if (isLate) age.dataset.state = "late";
  const parts = [
    make("h3", { class: "govuk-heading-s" }, link),
    make("p", {}, fixSpaces(MOTIVES[motive] ?? motive), ", reçue il y a ", age, isLate ? make("span", {}, " (plus d'un jour)") : ""),
    make("p", { class: "app-queue__more" }, counted(reference), ", SIRET\u00a0", counted(readableSiret(siret)), `. ${momentOf(at)}.`),
  ];
  const isHeld = isHeldByOther(held) || isHeldByMe(held);
  if (isHeld) parts.push(make("p", { class: "app-tag", "data-state": "held" }, fixSpaces(wordsOfHeld(held))));
  return make("li", { "data-name": reference }, ...parts);
}

const counted = (text) => make("span", { class: "app-counted" }, text);

async function refresh() {
  if (await desk.reload(byId("refresh").parentElement, "Chargement de la liste…")) desk.say("Liste rechargée.");
}

async function showMore() {
  const place = byId("more-place");
  const answer = await desk.ask("GET", urlOf(next), { near: place }).catch(() => null);
  if (answer?.status === 401) return desk.askLogin();
  if (answer?.status !== 200) return desk.sayFailure(NOT_READ, place);
  const items = answer.data.cases.map(item);
  byId("cases").append(...items);
  showCount(answer.data.next);
  // Who listens goes on where the list does.
  (items[0]?.querySelector("a") ?? byId("queue-title")).focus();
}

const filtering = bindDeskForm(desk, "filter-cases", {
  async onSubmit({ state, motive, siret }) {
    const digits = siret.replace(/\D/g, "");
    if (siret.trim() && digits.length !== 14) {
      filtering.showRefusal({ data: { errors: [{ field: "siret", detail: "Tapez les 14 chiffres du SIRET, ou laissez ce champ vide." }] } });
      return;
    }
    kept.write({ state, motive, siret: digits });
    if (!(await desk.reload(byId("filter-cases"), "Chargement de la liste…"))) return;
    byId("filters").open = false;
    byId("queue-title").focus();
  },
});

byId("refresh").addEventListener("click", refresh);
byId("more").addEventListener("click", showMore);

/** Moves the focus among the cases: from elsewhere, to the first or the last. */
function step(by) {
  const links = [...byId("cases").querySelectorAll("a")];
  const rank = links.findIndex((link) => link.closest("li").contains(document.activeElement));
  const to = rank < 0 ? (by > 0 ? 0 : links.length - 1) : rank + by;
  links[Math.min(Math.max(to, 0), links.length - 1)]?.focus();
}

enableShortcuts(
  [
    ["j", "Demande suivante", () => step(1)],
    ["k", "Demande précédente", () => step(-1)],
    ["Entrée", "Ouvrir la demande choisie"],
    ["r", "Recharger la liste", refresh],
    ["f", "Filtrer", () => {
      byId("filters").open = true;
      byId("filters").querySelector("summary").focus();
    }],
  ],
  () => desk.isIn,
);
