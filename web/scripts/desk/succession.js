// The succession of a case: proposed with what shows it, approved by another agent, refused, withdrawn.
import { byId, make } from "../dom.js";
import { fixSpaces, inParis } from "../french.js";
import { fillFacts, fillList } from "./facts.js";
import { bindDeskForm } from "./forms.js";
import {
  EVIDENCE_KINDS,
  NOTICED,
  actsOf,
  isOver,
  wordsOfEvidence,
  wordsOfNext,
  wordsOfState,
  wordsOfWindow,
} from "./succession-words.js";
import { said } from "./thread.js";
import { wordsOfMailState } from "./words.js";

const SUCCESSIONS = "/api/agents/successions";
const NO_EVIDENCE = "Cochez une pièce au moins : rien ne se propose sans ce qui le montre.";
const APPROVAL = {
  waiting: "L'ancien titulaire est suspendu, ses connexions sont fermées, et une invitation part chez le nouveau.",
  approved: "La succession est approuvée : terminez-la.",
  contested: "Il faut l'accord de deux agents. Au second, de nouveaux avis partent et un nouveau délai commence.",
  executed: "La même invitation repart, valable 7 jours de plus. Seulement si elle n'a pas encore été acceptée.",
};
const DONE = {
  approve: {
    approved: "Succession approuvée.",
    executed: "Succession exécutée : l'invitation est partie.",
    contested: "Votre accord est noté : il manque celui d'un deuxième agent.",
  },
  refuse: { refused: "Succession refusée : la personne lit ce qui manque." },
  withdraw: { withdrawn: "Proposition retirée." },
};

/**
 * Binds its forms. `desk` is the page's, `of` the case's reference, `current()` the case that is shown, `refuses` deals
 * with what every act may be answered. Gives `{ fill(case) }`.
 */
export function bindSuccession({ desk, of, current, refuses }) {
  const { email, siret } = current();

  const proposing = bindDeskForm(desk, "propose-succession", {
    of,
    url: SUCCESSIONS,
    prefill: { email },
    fields: (typed) => ({ reference: of, siret, ...proposalOf(typed) }),
    missing: (typed) =>
      evidenceOf(typed).length ? [] : [{ field: `evidence-${EVIDENCE_KINDS[0]}`, detail: NO_EVIDENCE }],
    fieldNames: { evidence: `evidence-${EVIDENCE_KINDS[0]}` },
    onDone() {
      proposing.empty();
      proposing.put({ email });
      showTexts();
      byId("propose-place").open = false;
      after("Succession proposée : les avis partent.");
    },
    onRefused: refuses,
  });
  byId("propose-succession").addEventListener("change", showTexts);
  showTexts();
  // One that was begun before a reload is seen.
  byId("propose-place").open = evidenceOf(proposing.typed).length > 0;

  const act = (name, form) =>
    bindDeskForm(desk, `${name}-succession`, {
      of,
      url: () => `${SUCCESSIONS}/${encodeURIComponent(current().succession.succession)}/${name}`,
      fields: form,
      onDone({ state }) {
        for (const field of byId(`${name}-succession`).querySelectorAll("textarea")) field.value = "";
        after(DONE[name][state] ?? `Succession : ${wordsOfState(state).toLowerCase()}.`);
      },
      onRefused: refuses,
    });
  act("approve", () => ({}));
  act("refuse", ({ text }) => ({ text }));
  act("withdraw", ({ text }) => (text.trim() ? { text } : {}));

  /** The case anew: only it says what became of the succession. */
  async function after(news) {
    if (!(await desk.reload())) return;
    byId("succession-title").focus();
    desk.say(news);
  }

  return { fill: (shown) => fill(shown, desk) };
}

/** A piece asks what it shows once it is ticked; one that has left the form is kept, and not sent. */
function showTexts() {
  for (const place of document.querySelectorAll("[data-evidence]")) {
    place.hidden = !byId(`evidence-${place.dataset.evidence}`).checked;
  }
}

const evidenceOf = (typed) =>
  EVIDENCE_KINDS.filter((kind) => typed[`has_${kind}`]).map((kind) => ({ kind, text: typed[`text_${kind}`].trim() }));

/** What the service takes: nothing that is left empty. */
function proposalOf(typed) {
  const { email, first_name, last_name } = typed;
  const holder = byId("holder-place").hidden ? "" : byId("holder").value;
  const named = Object.entries({ first_name, last_name, holder }).filter(([, value]) => value?.trim());
  return { email, ...Object.fromEntries(named), evidence: evidenceOf(typed) };
}

function fill({ succession, state, known }, desk) {
  const isOpen = Boolean(succession) && !isOver(succession);
  byId("propose-place").hidden = isOpen || succession?.state === "executed" || state === "closed";
  const isNamed = (known.designated ?? []).length > 0;
  byId("evidence-named-successor-place").hidden = !isNamed;
  if (!isNamed) byId("evidence-named-successor").checked = false;
  fillHolders(known.holders ?? []);
  byId("succession").hidden = !succession;
  byId("no-succession").hidden = Boolean(succession) || state !== "closed";
  if (!succession) return;
  const { state: now, evidence = [], notices = [] } = succession;
  byId("succession-state").textContent = wordsOfState(now);
  byId("succession-state").dataset.state = now;
  byId("succession-next").textContent = wordsOfNext(succession);
  byId("succession-window").textContent = wordsOfWindow(succession);
  fillFacts(byId("succession-rows"), factsOf(succession));
  byId("evidence").replaceChildren(...evidence.map(evidenceItem));
  fillList("notices", notices.map(noticeWords), "Aucun.");
  const acts = new Map(actsOf(succession, desk));
  for (const name of ["approve", "refuse", "withdraw"]) byId(`${name}-place`).hidden = !acts.has(name);
  byId("approve-text").textContent = fixSpaces(APPROVAL[now] ?? "");
  const button = byId("approve-succession").querySelector("[type=submit]");
  if (acts.has("approve")) button.textContent = acts.get("approve");
}

function fillHolders(holders) {
  byId("holder-place").hidden = holders.length < 2;
  const options = holders.map(({ member, name }) => make("option", { value: member }, name));
  byId("holder").replaceChildren(make("option", { value: "" }, "Choisissez"), ...options);
}

function factsOf(succession) {
  const { holder, successor, email, proposed_by: by, proposed_at: at, approved_by: approver } = succession;
  const { contested_at: contested, lifted_by: lifter, executed_at: executed, missing } = succession;
  const address = make("span", { class: "app-whole" }, email);
  const facts = [
    ["Titulaire remplacé", holder],
    ["Nouveau titulaire", successor ? make("span", {}, `${successor}, `, address) : address],
    ["Proposée", `par ${by}, le ${inParis(at)}`],
    ["Approuvée", approver && `par ${approver}`],
    ["Contestée", contested && `le ${inParis(contested)}`],
    ["Premier accord pour lever la contestation", lifter],
    ["Exécutée", executed && `le ${inParis(executed)}`],
    ["Ce qui manque", missing && said(missing)],
  ];
  return facts.filter(([, value]) => value);
}

const evidenceItem = ({ kind, text }) => make("li", {}, make("strong", {}, wordsOfEvidence(kind)), said(text));

const noticeWords = ({ to, sent_to: sentTo, state }) => [
  `${NOTICED[to] ?? to}, `,
  make("span", { class: "app-whole" }, sentTo ?? ""),
  fixSpaces(` : ${wordsOfMailState(state)}`),
];
