import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import EVIDENCE from "../pages/_data/evidence.js";
import {
  EVIDENCE_KINDS,
  actsOf,
  isDue,
  wordsForPerson,
  wordsOfEvidence,
  wordsOfNext,
  wordsOfState,
  wordsOfWindow,
} from "../scripts/desk/succession-words.js";

const plain = (text) => text.replaceAll("\u00a0", " ");
const NOW = Date.parse("2026-11-27T13:00:00Z");
const STATES = ["proposed", "noticed", "waiting", "approved", "executed", "contested", "refused", "withdrawn"];
const open = { days: 7, opened_at: "2026-11-25T10:00:00Z", contest_until: "2026-12-02T10:00:00Z", because: "delivered" };
const over = { ...open, contest_until: "2026-11-27T12:59:00Z" };
const AGENT = { isSupervisor: false, me: { name: "Marc Le Goff" } };

const names = (succession, who = AGENT) => actsOf({ is_mine: false, window: null, ...succession }, who, NOW).map(([act]) => act);

test("nobody approves before the window is over, and who proposed never does", () => {
  for (const state of ["proposed", "noticed"]) assert.deepEqual(names({ state }), ["refuse"]);
  assert.deepEqual(names({ state: "waiting", window: open }), ["refuse"]);
  assert.deepEqual(names({ state: "waiting", window: over }), ["approve", "refuse"]);
  for (const state of STATES) assert.ok(!names({ state, window: over, is_mine: true }).includes("approve"), state);
});

test("the window's end has a margin: a click within it would be refused", () => {
  const at = (until) => isDue({ window: { contest_until: until } }, NOW);
  assert.equal(at("2026-11-27T13:00:00Z"), false);
  assert.equal(at("2026-11-27T12:59:56Z"), false);
  assert.equal(at("2026-11-27T12:59:50Z"), true);
  assert.equal(isDue({ window: null }, NOW), false);
});

test("who proposed withdraws, or a supervisor", () => {
  assert.deepEqual(names({ state: "noticed", is_mine: true }), ["refuse", "withdraw"]);
  assert.deepEqual(names({ state: "noticed" }, { ...AGENT, isSupervisor: true }), ["refuse", "withdraw"]);
});

test("an objection is lifted by two others: who has agreed is not asked again", () => {
  const contested = { state: "contested", window: open };
  assert.deepEqual(names(contested), ["approve", "refuse"]);
  assert.deepEqual(names({ ...contested, lifted_by: "Claire Petit" }), ["approve", "refuse"]);
  assert.deepEqual(names({ ...contested, lifted_by: "Marc Le Goff" }), ["refuse"]);
  assert.match(wordsOfNext({ ...contested, lifted_by: "Claire Petit" }, NOW), /^Rien ne bouge\. Claire Petit est d'accord/);
});

test("what is over is only looked at; an invitation may be sent again", () => {
  assert.deepEqual(names({ state: "executed" }), ["approve"]);
  for (const state of ["refused", "withdrawn"]) assert.deepEqual(names({ state }), []);
});

test("the window says its days, its dates and why, or that it has not begun", () => {
  const said = (window, state = "waiting") => plain(wordsOfWindow({ state, window }));
  assert.match(said(open), /^7 jours, ouvert le 25 novembre.* à 11 h, jusqu'au 2 décembre.* à 11 h \(heure de Paris\) : depuis/);
  assert.match(said({ ...open, days: 14, because: "bounced" }), /^14 jours.*ne reçoit plus/);
  assert.match(said(null, "noticed"), /^Le délai n'a pas commencé/);
  assert.equal(said(null, "withdrawn"), "");
});

test("every state has words, for agents and for the person, who is always told what to do", () => {
  for (const state of STATES) {
    assert.notEqual(wordsOfState(state), state);
    assert.notEqual(wordsOfNext({ state, is_mine: false, window: null }, NOW), "");
    const [title, text] = wordsForPerson({ state, contest_until: null });
    assert.ok(title && text, state);
    assert.doesNotMatch(`${title} ${text}`, /undefined|null/);
  }
  assert.equal(plain(wordsForPerson({ state: "waiting", contest_until: "2026-12-02T10:00:00Z" })[0]).replace(/ 2026/, ""), "Chacun peut s'y opposer jusqu'au 2 décembre à 11 h");
});

test("the form asks for every kind of evidence that there are words for", () => {
  assert.deepEqual(EVIDENCE.map(({ name }) => name), EVIDENCE_KINDS);
  for (const { name, text, ask, missing } of EVIDENCE) assert.ok(wordsOfEvidence(name) === text && ask && missing, name);
  const page = readFileSync(new URL("../dist/agents/demande/index.html", import.meta.url), "utf8");
  for (const kind of EVIDENCE_KINDS) assert.ok(page.includes(`id="evidence-${kind}"`), kind);
});
