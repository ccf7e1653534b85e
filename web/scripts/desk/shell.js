// What every page of the desk does: asks which agent is logged in, shows the page or the way to log in, and finds
// everything as it was afterwards: the login leads away from the site and back.
import { byId, showView } from "../dom.js";
import { fixSpaces } from "../french.js";
import { Progress } from "../progress.js";
import { Cancelled, send } from "../send.js";
import { findFocus } from "../space/focus.js";
import { clearTab, place } from "../tab.js";
import { unsentCases } from "./drafts.js";
import { wordsOfRoles } from "./words.js";

export const QUEUE = "/agents/";
const SESSION = "/api/agents/session";
const NO_SESSION = "/problems/no-session";
const STILL_IN = "Nous ne savons pas si vous êtes déconnecté. Réessayez. Sur un poste partagé, ne partez pas avant.";
const STOPPED = "Vous avez arrêté la déconnexion. Vous êtes peut-être encore connecté : réessayez.";
const LOG_OUT = "Me déconnecter";
const NOT_RELOADED = "Cette page n'est peut-être pas à jour : rechargez-la dans quelques minutes.";
const BACK_AGAIN = "Vous êtes de nouveau connecté. Ce que vous aviez saisi est conservé : vérifiez-le, puis envoyez-le.";

/** Whose tab it is, and where the login that is under way leads back to. */
const owner = place("desk-owner");
const way = place("desk-way");
/** What the next page says first. */
const told = place("desk-news");

/**
 * `main` is the id of the page's view; `load(desk)` gives what the service says of the page (an answer of `ask`), and
 * `show(desk, data)` fills it in.
 */
export const openDesk = (options) => new Desk(options);

class Desk {
  constructor({ main, load, show }) {
    Object.assign(this, { main, fetchPage: load, fillPage: show });
    this.progress = new Progress(byId("progress"), { kept: "", cancel: "Annuler l'attente" });
    this.isIn = false;
    /** The end of what is asked at the moment. */
    this.turn = Promise.resolve();
    byId("log-out").addEventListener("click", () => this.logOut());
    for (const id of ["retry", "again"]) byId(id).addEventListener("click", () => location.reload());
    byId("to-login").addEventListener("click", () => way.write(location.pathname + location.hash));
    document.querySelector(".govuk-skip-link").addEventListener("click", skip);
    // What was said of the last act is over with the next.
    for (const name of ["input", "submit"]) byId("main-content").addEventListener(name, () => this.goOn());
    // Brought back whole by Back: who was logged in then may not be now.
    addEventListener("pageshow", ({ persisted }) => persisted && location.reload());
    // Not before the page has bound its forms.
    queueMicrotask(() => this.load());
  }

  get isSupervisor() {
    return this.me.roles.includes("supervisor");
  }

  /**
   * Asks once what was asked before is answered, and says so below what is shown, or after the element `near`. What it
   * throws, `send` throws.
   */
  ask(method, url, { doing = "Chargement en cours…", near = null } = {}) {
    const answer = this.turn.then(async () => {
      this.moveProgress(near);
      try {
        return await send(method, url, undefined, this.progress.begin(doing));
      } finally {
        this.progress.clear();
      }
    });
    this.turn = answer.catch(() => {});
    return answer;
  }

  moveProgress(near) {
    const { element } = this.progress;
    if (near) near.after(element);
    else byId("signed-in").before(element);
  }

  sayFailure(text, near = null) {
    this.moveProgress(near);
    this.progress.say(fixSpaces(text));
    this.progress.element.scrollIntoView({ block: "nearest" });
  }

  async load() {
    const me = await this.ask("GET", "/api/agents/me").catch(() => null);
    if (!this.isAnswered(me)) return;
    this.me = me.data;
    const name = JSON.stringify(this.me);
    // What another agent has typed is not theirs.
    if (owner.read() && owner.read() !== name) {
      leaveNothing();
      return location.reload();
    }
    owner.write(name);
    const back = way.read();
    way.forget();
    // The login leads to the queue; who was somewhere else goes on there.
    if (back && back !== location.pathname + location.hash) {
      told.write(BACK_AGAIN);
      location.replace(back);
      // The same page, by another fragment.
      if (back.startsWith(`${location.pathname}#`)) location.reload();
      return;
    }
    byId("who").textContent = this.me.name;
    byId("role").textContent = wordsOfRoles(this.me.roles);
    const page = await this.fetchPage(this).catch(() => null);
    if (!this.isAnswered(page)) return;
    this.isIn = true;
    this.fill(page.data);
    this.show(this.main);
    this.say(back ? BACK_AGAIN : (told.read() ?? ""));
    told.forget();
  }

  /** Whether it is a page's data; if not, what stands in its place says why. */
  isAnswered(answer) {
    if (answer?.status === 200) return true;
    if (answer?.status === 401) this.askLogin();
    else if (answer?.status === 403) this.showRefused(answer.data);
    else if (answer?.status === 404 && this.me) this.showOutside("not-found");
    else this.showOutside("no-answer");
    return false;
  }

  /** The data anew, the agent being in the middle of the page; gives whether it came. */
  async reload(near = byId("news"), doing = "") {
    const page = await this.fetchPage(this, { doing, near }).catch(() => null);
    if (page?.status === 401) this.askLogin();
    else if (page?.status !== 200) this.sayFailure(NOT_RELOADED, near);
    if (page?.status !== 200) return false;
    this.fill(page.data);
    return true;
  }

  fill(data) {
    this.fillPage(this, data);
    findFocus();
  }

  /** The agent is at something else by now. */
  goOn() {
    this.say("");
    if (!this.isWarned) return;
    this.isWarned = false;
    byId("log-out").textContent = LOG_OUT;
  }

  /** News of the page, in its live region. */
  say(text) {
    byId("news").textContent = fixSpaces(text);
  }

  /** In the place of what was shown, which is there again after it. */
  askLogin() {
    byId("session-over").hidden = !this.me && !owner.read();
    this.showOutside("no-session");
  }

  showRefused({ title, detail }) {
    if (title) byId("refused-text").textContent = fixSpaces([title, detail].filter(Boolean).join(". "));
    this.showOutside("refused");
  }

  showOutside(view) {
    this.isIn = false;
    this.say("");
    this.show(view);
  }

  show(view) {
    byId("signed-in").hidden = !this.isIn;
    byId("agent").hidden = !this.isIn;
    const place = this.progress.element.closest("[data-view]");
    if (place && place.id !== view) this.moveProgress(null);
    scrollTo(0, 0);
    showView(view);
  }

  /** Deals with the answers that any route may give; gives whether it was one of them. */
  refuses({ status, data }) {
    if (status !== 401 || data.type !== NO_SESSION) return false;
    this.askLogin();
    return true;
  }

  async logOut() {
    if (this.isLeaving) return;
    const kept = unsentCases();
    // Nothing typed is lost without a word: the second click is the agent's decision.
    if (kept.length && !this.isWarned) {
      this.isWarned = true;
      const what = `Un texte n'est pas envoyé (${kept.join(", ")}) : se déconnecter l'efface.`;
      byId("log-out").textContent = `${LOG_OUT} quand même`;
      return this.sayFailure(what);
    }
    this.isLeaving = true;
    this.progress.stop();
    try {
      const { status } = await this.ask("DELETE", SESSION, { doing: "Déconnexion en cours…" });
      if (status === 204 || status === 401) this.showLoggedOut();
      else this.sayFailure(STILL_IN);
    } catch (error) {
      this.sayFailure(error instanceof Cancelled ? STOPPED : STILL_IN);
    }
    this.isLeaving = false;
  }

  showLoggedOut() {
    leaveNothing();
    this.showOutside("done");
  }
}

/** Some browsers bring back what stands in fields when the page is loaded again. */
function leaveNothing() {
  clearTab();
  for (const form of document.forms) form.reset();
}

/** To the content, without a fragment: that of a case names it. */
function skip(event) {
  event.preventDefault();
  const content = byId("main-content");
  content.tabIndex = -1;
  content.focus();
}
