// A case: what the person asks, what the service knows, the thread, and what an agent does. Its address names it in the
// fragment, `#T-261123-7K3MQ2`. What is typed is kept case by case, and sent by the agent's click alone.
import { byId } from "../dom.js";
import { fixSpaces } from "../french.js";
import { fillAsked, fillKnown } from "../desk/facts.js";
import { QUEUE, openDesk } from "../desk/shell.js";
import { enableShortcuts } from "../desk/shortcuts.js";
import { fillThread } from "../desk/thread.js";
import { CASE_STATES, isHeldByMe, isHeldByOther, titleOfEntry, wordsOfConflict, wordsOfHeld } from "../desk/words.js";
import { within } from "../send.js";
import { place } from "../tab.js";

const CASES = "/api/agents/cases/";
const CASE_HELD = "/problems/case-held";
/** What another agent has changed meanwhile: the case is read again before that is said. */
const CHANGED = ["/problems/case-state", "/problems/case-closed", "/problems/succession-state", "/problems/succession-open"];
const CHANGED_WORDS = "La demande a changé entre-temps : la voici telle qu'elle est. Votre texte est conservé.";
const HELD_WORDS = "Vous pouvez lire, et préparer votre texte : il est conservé. Prendre la demande sera possible ensuite.";
/** What ends by the clock is shown a little later: clocks differ, and the service takes an approval later still. */
const LEASE_MARGIN_MS = 1000;
const WINDOW_MARGIN_MS = 7000;
const TIMER_MS_MAX = 24 * 3600 * 1000;

/** The fragment that names a case: the skip link writes none here, and a reload must find the same. */
const findReference = () => /^#(T-[0-9A-Z-]+)$/.exec(location.hash)?.[1] ?? null;
const kept = place("desk-case");
const reference = findReference() ?? kept.read();
kept.write(reference);
const url = CASES + encodeURIComponent(reference);

/** The case as the service said it last. */
let current = null;
let acts = null;
let parts = null;
let timer = null;

/** What binds the forms: it comes by itself, since the case is read first, and can be without it. */
const loading = within(import(ACTS_MODULE));

async function load(_, options) {
  if (!reference) return { status: 404, data: {} };
  const [answer, module] = await Promise.all([desk.ask("GET", url, options), loading]);
  acts = module;
  return answer;
}

const desk = openDesk({ main: "case", load, show });
byId("to-queue").href = QUEUE;

function show(_, data) {
  current = data;
  parts ??= acts && bindParts(acts);
  byId("no-acts").hidden = Boolean(parts);
  const { establishment_name: name, state, held, thread, full_name: person } = data;
  byId("reference").textContent = reference;
  byId("establishment").textContent = name;
  fillAsked(data);
  fillKnown(data.known);
  fillThread(byId("thread"), thread, (entry) => titleOfEntry(entry, person));
  byId("no-entry").hidden = thread.length > 0;
  parts?.succession.fill(data);
  byId("case-state").textContent = CASE_STATES[state] ?? state;
  byId("case-state").dataset.state = state;
  showHold(held, state);
  waitForClock(data);
}

/** What can be done follows from who treats it, and from its state. What is typed stays, whatever they are. */
function showHold(held, state) {
  const [isMine, isOthers, isClosed] = [isHeldByMe(held), isHeldByOther(held), state === "closed"];
  byId("case-held").textContent = fixSpaces(wordsOfHeld(held));
  byId("case-held").dataset.state = isMine ? "mine" : isOthers ? "held" : "free";
  byId("take-case").hidden = isMine || isOthers || isClosed;
  byId("release-case").hidden = !isMine;
  byId("held-by-other").hidden = !isOthers;
  byId("held-by-other").textContent = isOthers ? fixSpaces(`${wordsOfHeld(held)}. ${HELD_WORDS}`) : "";
  const isTyped = byId("answer_text").value.trim() !== "";
  byId("answer-case").hidden = isClosed && !isTyped;
  byId("answer-closed").hidden = !(isClosed && isTyped);
  byId("template-place").hidden = isClosed || !current.templates?.length;
  byId("close-place").hidden = isClosed;
  byId("reopen-place").hidden = !isClosed;
  byId("acts-title").textContent = isClosed ? "La suite" : "Répondre";
}

/** A lease, or a window, ends by the clock: what is shown changes with it, without asking the service. */
function waitForClock(data) {
  clearTimeout(timer);
  const end = (at, margin) => Date.parse(at ?? "") + margin - Date.now();
  const ends = [end(data.held?.until, LEASE_MARGIN_MS), end(data.succession?.window?.contest_until, WINDOW_MARGIN_MS)];
  const next = Math.min(...ends.filter((left) => left > 0));
  if (next < TIMER_MS_MAX) timer = setTimeout(() => desk.fill(current), next);
}

/** What is refused because of what another agent does or did: the case anew, the text kept, and the reason. */
function refuses({ data }, form) {
  const isHeld = data.type === CASE_HELD;
  if (!isHeld && !CHANGED.includes(data.type)) return false;
  desk.reload().then((isFresh) => {
    if (!isFresh) return;
    const words = isHeld ? wordsOfConflict(current.held) : CHANGED_WORDS;
    form.showRefusal({ data: { detail: isHeld ? words : [data.title, words].filter(Boolean).join(". ") } });
  });
  return true;
}

/** Binds the forms, once the case is known: what they keep is kept by its name. */
function bindParts({ bindDeskForm, bindSuccession, bindTemplates, fillTemplates }) {
  const { templates = [] } = current;
  fillTemplates(templates);
  const bind = (name, { fields = () => ({}), said, focus = "#acts-title", onDone = () => {} }) => {
    const form = bindDeskForm(desk, `${name}-case`, {
      of: reference,
      url: `${url}/${name}`,
      fields,
      onDone(data) {
        onDone(form);
        desk.fill(data);
        document.querySelector(focus).focus();
        desk.say(said);
      },
      onRefused: refuses,
    });
    return form;
  };
  const filled = (typed) => Object.fromEntries(Object.entries(typed).filter(([, value]) => value.trim()));
  const empty = (form) => form.empty();
  bind("take", { said: "Vous traitez la demande.", focus: "#release-case [type=submit]" });
  bind("release", { said: "Demande rendue : un autre agent peut la prendre.", focus: "#take-case [type=submit]" });
  const answering = bind("answer", {
    fields: filled,
    said: "Réponse envoyée : la personne la reçoit par courriel.",
    onDone(form) {
      empty(form);
      parts.templates.forget();
    },
  });
  bind("note", {
    fields: filled,
    said: "Note enregistrée.",
    onDone(form) {
      empty(form);
      byId("note-place").open = false;
    },
  });
  bind("close", {
    fields: filled,
    said: "Demande fermée.",
    onDone(form) {
      empty(form);
      byId("close-place").open = false;
    },
  });
  bind("reopen", { fields: filled, said: "Demande rouverte.", onDone: empty });
  // A note that was begun before a reload is seen.
  byId("note-place").open = byId("note_text").value.trim() !== "";
  for (const field of ["answer_text", "note_text"]) byId(field).addEventListener("keydown", sendByKey);
  return {
    templates: bindTemplates(answering, templates),
    succession: bindSuccession({ desk, of: reference, current: () => current, refuses }),
  };
}

/** Ctrl and Enter send what is being written. */
function sendByKey(event) {
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || event.isComposing) return;
  event.preventDefault();
  event.target.form.querySelector("[type=submit]").click();
}

/** The field, in sight, with what it stands in opened. */
function goTo(id) {
  const field = byId(id);
  const folded = field.closest("details");
  if (folded && !folded.hidden) folded.open = true;
  if (field.getClientRects().length) field.focus();
}

const press = (form) => byId(form).hidden || byId(form).querySelector("[type=submit]").click();

enableShortcuts(
  [
    ["p", "Prendre la demande", () => press("take-case")],
    ["l", "Rendre la demande (la libérer)", () => press("release-case")],
    ["e", "Écrire une réponse", () => goTo("answer_text")],
    ["n", "Écrire une note interne", () => goTo("note_text")],
    ["s", "Aller à la succession", () => goTo("succession-title")],
    ["r", "Recharger la demande", async () => (await desk.reload(byId("news"), "Chargement de la demande…")) && desk.say("Demande rechargée.")],
    ["f", "Revenir à la file", () => location.assign(QUEUE)],
    ["Ctrl + Entrée", "Envoyer le texte que vous écrivez"],
  ],
  () => desk.isIn,
);
addEventListener("hashchange", () => findReference() && location.reload());
