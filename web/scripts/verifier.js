// The form that verifies a journal: on the site, and in the file that is opened from disk. Nothing is sent.
import { byId, make } from "./dom.js";
import { clearErrors, showErrors } from "./errors.js";
import { fixSpaces } from "./french.js";

/** Of all files together: more than a hundred thousand entries. */
const FILES_BYTES_MAX = 32 * 1024 * 1024;
/** What is shown of a line. */
const SHOWN_LENGTH_MAX = 2_000;
const LINE_END = 0x0a;
/** How a key looks. */
const EXAMPLE = "comme nom+1a2b3c4d+AbC…";
const NOT_LOADED = "Cette page n'a pas fini de se charger : rechargez-la, puis recommencez.";
const TOO_LARGE = "Ces fichiers sont trop grands pour être un journal : choisissez-en d'autres.";

/**
 * Binds the form; what is dropped anywhere on the page is taken for its files. `load` gives, in a promise, what they
 * are judged by (`judgement.js`).
 */
export function bindVerifier(load) {
  const form = byId("verify");
  const { journal: chosen, keys } = form.elements;
  let dropped = [];

  const run = async () => {
    clearErrors(form);
    byId("done").hidden = true;
    const judgement = await load().catch(() => null);
    if (!judgement) return showErrors(form, [{ field: "journal", detail: NOT_LOADED }]);
    const [known, unreadable] = keysOf(keys.value, judgement.parseKey);
    const files = [...(dropped.length > 0 ? dropped : chosen.files)];
    const { volumes, fault } = await read(files);
    const faults = [...(fault ? [{ field: "journal", detail: fault }] : []), ...unreadable];
    if (faults.length > 0) showErrors(form, faults);
    else show(judgement.verdictOf(judged(volumes, known, judgement), known), volumes);
  };

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    run();
  });
  chosen.addEventListener("change", () => (dropped = []));
  document.addEventListener("dragover", (event) => event.preventDefault());
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    dropped = [...event.dataTransfer.files];
    if (dropped.length > 0) run();
  });
  form.querySelector("[type=submit]").disabled = false;
}

/** The files with their `name` and `bytes`, or what is wrong with them. */
async function read(files) {
  if (files.length === 0) return { fault: "Choisissez le fichier du journal." };
  if (files.reduce((sum, { size }) => sum + size, 0) > FILES_BYTES_MAX) return { fault: TOO_LARGE };
  const bytesOf = async (file) => ({ name: file.name, bytes: new Uint8Array(await file.arrayBuffer()) });
  try {
    return { volumes: await Promise.all(files.map(bytesOf)) };
  } catch {
    return { fault: "Un fichier ne peut pas être lu : choisissez de nouveau." };
  }
}

/** The volumes as `verdictOf` takes them. */
const judged = (volumes, keys, { decoded, verifySigned }) =>
  volumes.map(({ name, bytes }) => ({
    name,
    result: verifySigned(bytes, keys),
    lineAt: (number) => decoded(lineOf(bytes, number)) ?? "(illisible)",
  }));

/** The keys that were typed, one a line, and what is wrong with those that are none. */
function keysOf(typed, parseKey) {
  const lines = typed.split("\n").map((line) => line.trim()).filter(Boolean);
  const keys = lines.map(parseKey);
  const rank = keys.indexOf(null);
  const detail = `La clé n°\u00a0${rank + 1} est incomplète ou mal recopiée : elle s'écrit sur une ligne, ${EXAMPLE}.`;
  return rank < 0 ? [keys, []] : [[], [{ field: "keys", detail }]];
}

/** The bytes of a line of the file, from 1. */
function lineOf(bytes, number) {
  let start = 0;
  for (let rank = 1; rank < number; rank += 1) start = bytes.indexOf(LINE_END, start) + 1;
  const end = bytes.indexOf(LINE_END, start);
  return bytes.subarray(start, end < 0 ? bytes.length : end);
}

function show({ state, title, said, line, signers }, volumes) {
  const parts = said.map((sentence) => make("p", { class: "govuk-body" }, fixSpaces(sentence)));
  if (line) parts.push(make("p", { class: "app-verbatim", id: "line" }, line.slice(0, SHOWN_LENGTH_MAX)));
  for (const key of signers) parts.push(make("p", { class: "app-verbatim" }, make("span", { class: "app-key" }, key)));
  byId("done-title").textContent = fixSpaces(title);
  byId("done-file").textContent = volumes.map(({ name }) => name).join(", ");
  byId("done-said").replaceChildren(...parts);
  byId("done").dataset.state = state;
  byId("done").hidden = false;
  byId("done-title").focus();
}
