// The form that verifies a journal: on the site, and in the file that is opened from disk. Nothing is sent.
import { byId, make } from "./dom.js";
import { clearErrors, showErrors } from "./errors.js";
import { fixSpaces } from "./french.js";
import { decoded } from "./journal.js";
import { parseKey, verifySigned } from "./signed-note.js";
import { verdictOf } from "./verdict.js";

/** More than any journal that the service hands out. */
const FILE_BYTES_MAX = 32 * 1024 * 1024;
/** What is shown of a line. */
const SHOWN_LENGTH_MAX = 2_000;
const LINE_END = 0x0a;
/** How a key looks. */
const EXAMPLE = "comme nom+1a2b3c4d+AbC…";
const TOO_LARGE = "Ce fichier est trop grand pour être un journal : choisissez-en un autre.";

/** Binds the form; what is dropped anywhere on the page is taken for its file. */
export function bindVerifier() {
  const form = byId("verify");
  const { journal: chosen, keys } = form.elements;
  let dropped = null;

  const run = async () => {
    clearErrors(form);
    byId("done").hidden = true;
    const [known, unreadable] = keysOf(keys.value);
    const file = dropped ?? chosen.files[0];
    const { bytes, fault } = await read(file);
    const faults = [...(fault ? [{ field: "journal", detail: fault }] : []), ...unreadable];
    if (faults.length > 0) showErrors(form, faults);
    else show(verdictOf(verifySigned(bytes, known), known, (number) => lineOf(bytes, number)), file.name);
  };

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    run();
  });
  chosen.addEventListener("change", () => (dropped = null));
  document.addEventListener("dragover", (event) => event.preventDefault());
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    [dropped] = event.dataTransfer.files;
    if (dropped) run();
  });
  form.querySelector("[type=submit]").disabled = false;
}

async function read(file) {
  if (!file) return { fault: "Choisissez le fichier du journal." };
  if (file.size > FILE_BYTES_MAX) return { fault: TOO_LARGE };
  try {
    return { bytes: new Uint8Array(await file.arrayBuffer()) };
  } catch {
    return { fault: "Ce fichier ne peut pas être lu : choisissez-le de nouveau." };
  }
}

/** The keys that were typed, one a line, and what is wrong with those that are none. */
function keysOf(typed) {
  const lines = typed.split("\n").map((line) => line.trim()).filter(Boolean);
  const keys = lines.map(parseKey);
  const rank = keys.indexOf(null);
  const detail = `La clé n°\u00a0${rank + 1} est incomplète ou mal recopiée : elle s'écrit sur une ligne, ${EXAMPLE}.`;
  return rank < 0 ? [keys, []] : [[], [{ field: "keys", detail }]];
}

/** A line of the file, from 1, to be shown. */
function lineOf(bytes, number) {
  let start = 0;
  for (let rank = 1; rank < number; rank += 1) start = bytes.indexOf(LINE_END, start) + 1;
  const end = bytes.indexOf(LINE_END, start);
  return decoded(bytes.subarray(start, end < 0 ? bytes.length : end)) ?? "(illisible)";
}

function show({ state, title, said, line, signers }, name) {
  const parts = said.map((sentence) => make("p", { class: "govuk-body" }, fixSpaces(sentence)));
  if (line) parts.push(make("p", { class: "app-verbatim", id: "line" }, line.slice(0, SHOWN_LENGTH_MAX)));
  for (const key of signers) parts.push(make("p", { class: "app-verbatim" }, make("span", { class: "app-key" }, key)));
  byId("done-title").textContent = fixSpaces(title);
  byId("done-file").textContent = name;
  byId("done-said").replaceChildren(...parts);
  byId("done").dataset.state = state;
  byId("done").hidden = false;
  byId("done-title").focus();
}
