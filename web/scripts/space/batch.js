// The offers of a list of clients: sent piece after piece, stopped and taken up again, told line by line.
import { byId, make, readableSiret } from "../dom.js";
import { fixSpaces } from "../french.js";
import { Progress } from "../progress.js";
import { Cancelled, send } from "../send.js";
import { place } from "../tab.js";
import { offer } from "./download.js";
import { piecesOf, resultsOf } from "./pieces.js";
import { RESULTS } from "./words.js";

const BATCH = "/api/space/mandates/batch";
/** Who listens hears how far it is at each of so many parts. */
const PARTS_SPOKEN = 10;
const ADVICE = {
  "unknown-here":
    "Sans espace ouvert ici : demandez à ces clients de créer le leur, puis renvoyez la même liste.",
  invalid: "SIRET non reconnu : corrigez ces lignes, puis renvoyez la liste.",
};
const STOPPED = "Envoi interrompu. Ce qui est déjà proposé le reste : reprenez quand vous voulez.";
const SILENT = "Le service ne répond pas. Ce qui est déjà proposé le reste : reprenez dans quelques minutes.";

/** What is sent, and what was answered of it, `[[number, siret, result], …]`: a reload takes it up again. */
const kept = place("batch");
const keptResults = place("batch-results");

const plural = (count, one, many) => `${count}\u00a0${count > 1 ? many : one}`;

export class Batch {
  /** `onRefused(answer)` is told when the service refuses what all lines have in common. */
  constructor(space, { onRefused }) {
    Object.assign(this, { space, onRefused });
    this.progress = new Progress(byId("batch-sending"), { kept: "Rien n'est perdu.", cancel: "Interrompre" });
    this.isRunning = false;
    byId("resume").addEventListener("click", () => this.run());
    byId("interrupt").addEventListener("click", () => this.progress.stop());
    byId("download-results").addEventListener("click", () => this.download());
    if (kept.read()) this.take(kept.read(), keptResults.read() ?? { sent: 0, results: [] });
  }

  /** One was begun in this tab, by this establishment. */
  get isThere() {
    return this.space.isIn && Boolean(this.body) && this.body.siret === this.space.establishment?.siret;
  }

  get isOver() {
    return this.sent === this.pieces.length;
  }

  /** `body` is what every piece has, and its list. What was begun before ends first. */
  async begin(body) {
    this.progress.stop();
    await this.running;
    kept.write(body);
    keptResults.write({ sent: 0, results: [] });
    this.take(body, keptResults.read());
    this.run();
  }

  take(body, { sent, results }) {
    Object.assign(this, { body, sent, results, ...piecesOf(body.list) });
    byId("results").replaceChildren(table(results));
    this.show();
  }

  run() {
    if (!this.isRunning) this.running = this.sendAll();
  }

  async sendAll() {
    this.isRunning = true;
    this.show();
    this.say("Envoi en cours…");
    try {
      while (!this.isOver && (await this.sendPiece(this.pieces[this.sent])));
    } catch (error) {
      this.say(error instanceof Cancelled ? STOPPED : SILENT);
    }
    this.progress.clear();
    this.isRunning = false;
    this.show();
    if (this.isOver) this.say(`Envoi terminé. ${this.summary()}.`);
  }

  /** Whether to go on. */
  async sendPiece(piece) {
    const body = JSON.stringify({ ...this.body, list: piece.list });
    const answer = await send("POST", BATCH, body, this.progress.begin(""));
    if (answer.status === 200) {
      this.note(resultsOf(piece, answer.data.results));
      return true;
    }
    this.say("Envoi arrêté.");
    if (answer.status === 401) this.space.askLogin();
    else this.onRefused(answer);
    return false;
  }

  note(results) {
    this.results.push(...results);
    this.sent += 1;
    keptResults.write({ sent: this.sent, results: this.results });
    byId("results").querySelector("tbody").append(...results.map(row));
    const part = Math.max(Math.ceil(this.pieces.length / PARTS_SPOKEN), 1);
    if (this.sent % part === 0) this.say(`${this.told()}. Envoi en cours…`);
    this.show();
  }

  told() {
    return `${plural(this.results.length, "ligne traitée", "lignes traitées")} sur ${this.count}`;
  }

  summary() {
    const countOf = (result) => this.results.filter(([, , one]) => one === result).length;
    const counts = Object.keys(RESULTS).map((result) => [RESULTS[result], countOf(result)]);
    return counts.filter(([, count]) => count).map(([words, count]) => `${words} : ${count}`).join(", ");
  }

  /** Of the buttons, the one that takes the place of another has its focus too. */
  show() {
    const [resume, interrupt, download] = ["resume", "interrupt", "download-results"].map(byId);
    const focused = [resume, interrupt, download].find((button) => button === document.activeElement);
    resume.hidden = this.isRunning || this.isOver;
    interrupt.hidden = !this.isRunning;
    download.hidden = this.isRunning;
    if (focused?.hidden) [interrupt, resume, download].find(({ hidden }) => !hidden).focus();
    byId("unfinished").hidden = !this.isThere;
    byId("unfinished-text").textContent = `Dernier envoi\u00a0: ${this.told()}.`;
    byId("batch-count").textContent = this.told();
    byId("batch-progress").max = Math.max(this.count, 1);
    byId("batch-progress").value = this.results.length;
    const found = Object.keys(ADVICE).filter((result) => this.results.some(([, , one]) => one === result));
    byId("batch-advice").replaceChildren(...found.map((result) => make("p", {}, fixSpaces(ADVICE[result]))));
  }

  say(text) {
    byId("batch-status").textContent = fixSpaces(text);
  }

  /** A spreadsheet keeps a SIRET whole as a formula, as the service reads it again. */
  download() {
    const cells = ([number, siret, result]) => [number, siret && `="${siret}"`, RESULTS[result] ?? result];
    const lines = this.results.map(cells);
    const text = [["ligne", "siret", "résultat"], ...lines].map((line) => line.join(";")).join("\r\n");
    offer(byId("results-file"), { text: `\ufeff${text}\r\n`, type: "text/csv", name: "mandats-resultats.csv" });
  }
}

/** Rows are as wide as the screen has room for: what styles make of them, they stay a table to those who listen. */
function table(results) {
  const heads = ["Ligne", "SIRET", "Résultat"].map((text) => make("th", { role: "columnheader", scope: "col" }, text));
  const head = make("thead", { role: "rowgroup" }, make("tr", { role: "row" }, ...heads));
  const body = make("tbody", { role: "rowgroup" }, ...results.map(row));
  const attributes = { class: "app-results", role: "table", "aria-label": "Résultats, ligne par ligne" };
  return make("table", attributes, head, body);
}

function row([number, siret, result]) {
  const cell = (content, kind) => make("td", { role: "cell", class: `app-results__${kind}` }, content);
  const counted = make("span", { class: "app-counted" }, siret ? readableSiret(siret) : "–");
  const tag = make("span", { class: "app-tag", "data-state": result }, RESULTS[result] ?? result);
  return make("tr", { role: "row" }, cell(String(number), "line"), cell(counted, "siret"), cell(tag, "result"));
}
