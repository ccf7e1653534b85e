// What every page of my space does: asks who is logged in, shows one establishment, leads to the page's views and
// back, and comes back to the same place after a login.
import { byId, make, readableSiret, showView } from "../dom.js";
import { bindForm } from "../form.js";
import { fixSpaces } from "../french.js";
import { Progress } from "../progress.js";
import { Cancelled, send } from "../send.js";
import { forgetSession, rememberSession } from "../session.js";
import { clearTab, isLoadedAgain, place, takeOver } from "../tab.js";
import { findFocus } from "./focus.js";

const NO_SESSION = "/problems/no-session";
const WRONG_CREDENTIALS = "/problems/wrong-credentials";
const NOT_ALLOWED = "/problems/not-allowed";
const TOO_MANY_ATTEMPTS = "/problems/too-many-attempts";
const SPACE = "/api/space";
const HOME = "/mon-espace/";
const WRONG_PASSWORD = "Ce mot de passe n'est pas celui de votre compte.";
/** The service's own words name a link of the login, which is not on the page. */
const ATTEMPTS = "Trop d'essais avec un mot de passe faux. Celui que vous venez de saisir n'a pas été lu.";
const MAYBE_OUT =
  "Nous ne savons pas si vous êtes déconnecté. Réessayez. Sur un ordinateur partagé, ne partez pas avant.";
const STOPPED = "Vous avez arrêté la déconnexion. Vous êtes peut-être encore connecté\u00a0: réessayez.";
const ABANDONED = "L'envoi est arrêté. S'il était déjà arrivé au service, cette page le montrera.";
const NOT_RELOADED = "Cette page n'est peut-être pas à jour\u00a0: rechargez-la dans quelques minutes.";
const ROLE_CHANGED =
  "Seul un titulaire peut faire cela. Votre rôle a peut-être changé, ou ce que vous modifiez n'est plus là : " +
  "rechargez la page.";

/** The establishment that this tab shows, and whose space it was last. */
const chosen = place("space-siret");
const owner = place("space-owner");
/** What the next page says first. */
const told = place("space-news");

const isWhole = ({ role, state, members, mandates }) =>
  Boolean(mandates) && (role !== "holder" || state === "suspended" || Boolean(members));

/**
 * `options`:
 * - `main`: the id of the page's first view;
 * - `show(space)`: fills it in, each time that the data has come; a promise is waited for before it is first seen;
 * - `needsEstablishment`: who has none is led to the first page;
 * - `views`: by the id of each other view, what fills it in from what `enter` was given; it returns false when what
 *   it is about is not there any more, and the first view is shown instead.
 */
export const openSpace = (options) => new Space(options);

class Space {
  constructor({ main, show, views = {}, needsEstablishment = false }) {
    Object.assign(this, { main, fillMain: show, views, needsEstablishment });
    this.progress = new Progress(byId("progress"), { kept: "", cancel: "Annuler l'attente" });
    /** Said in the login, if what was sent before may be why it is there. */
    this.doubt = "";
    this.news = "";
    this.after = () => {};
    this.forms = [];
    this.isIn = false;
    /** The end of what is asked at the moment. */
    this.turn = Promise.resolve();
    this.login = bindForm(byId("login"), {
      url: "/api/session",
      actionIfAsked: "session",
      isRepeatable: true,
      known: { identifier: takeOver().identifier },
      onDone: () => this.load(),
    });
    byId("log-out").addEventListener("click", () => this.logOut());
    byId("retry").addEventListener("click", () => location.reload());
    for (const button of document.querySelectorAll("[data-back]")) button.addEventListener("click", () => this.leave());
    byId("establishments-form")?.addEventListener("submit", (event) => {
      event.preventDefault();
      this.choose(event.target.querySelector(":checked").value);
    });
    addEventListener("popstate", () => this.isIn && this.present());
    document.querySelector(".govuk-skip-link").addEventListener("click", skip);
    // A link to the very page keeps the state of the history: the page begins anew all the same.
    if (!isLoadedAgain()) history.replaceState(null, "");
    // A view begins at its top, where the focus is.
    history.scrollRestoration = "manual";
    // Brought back whole by Back: who was logged in then may not be now.
    addEventListener("pageshow", ({ persisted }) => persisted && location.reload());
    // Not awaited, and not before the page has bound its forms.
    queueMicrotask(() => this.load());
  }

  get me() {
    return this.data.me;
  }

  get establishments() {
    return this.data.establishments;
  }

  /** The one that is shown; undefined for who has none. */
  get establishment() {
    const siret = chosen.read();
    return this.establishments.find((one) => one.siret === siret) ?? this.establishments[0];
  }

  get isSuspended() {
    return this.establishment?.state === "suspended";
  }

  get isHolder() {
    return this.establishment?.role === "holder" && !this.isSuspended;
  }

  /**
   * Asks once what was asked before is answered, and says so below what is shown, or after the element `near`, where
   * the person looks. What it throws, `send` throws. `file` is that of `send`.
   */
  ask(method, url, { doing = "Chargement en cours…", file, near } = {}) {
    const answer = this.turn.then(async () => {
      this.moveProgress(near);
      try {
        return await send(method, url, undefined, { ...this.progress.begin(doing), file });
      } finally {
        this.progress.clear();
      }
    });
    this.turn = answer.catch(() => {});
    return answer;
  }

  /** Says what is asked for after that element, or below what is shown. */
  moveProgress(near = null) {
    const { element } = this.progress;
    if (near) near.after(element);
    else byId("signed-in").before(element);
  }

  /** Says what went wrong, where it was asked for. */
  sayFailure(text, near = null) {
    this.moveProgress(near);
    this.progress.say(text);
    this.progress.element.scrollIntoView({ block: "nearest" });
  }

  async load() {
    const answer = await this.fetch().catch(() => null);
    if (answer?.status === 401) return this.askLogin();
    if (answer?.status !== 200) return this.showOutside("no-answer");
    rememberSession();
    const { identifier } = this.me;
    // What another person has typed is not theirs.
    if (owner.read() && owner.read() !== identifier) {
      leaveNothing();
      return location.reload();
    }
    owner.write(identifier);
    if (this.needsEstablishment && !this.establishment) return location.replace(HOME);
    this.isIn = true;
    this.news = told.read() ?? "";
    told.forget();
    // What comes later would move what is read.
    await this.fill();
    this.takeFragment();
    this.present();
  }

  /** A link may name the view that it leads to. */
  takeFragment() {
    const view = location.hash.slice(1);
    if (!this.views[view]) return;
    history.replaceState({ view, args: {}, isFirst: true }, "", location.pathname);
  }

  /**
   * The data anew, after something was changed; gives whether it came, and nobody has to log in. The first view may be
   * on the screen, and the person in the middle of it.
   */
  async reload() {
    const news = byId("news");
    const answer = await this.fetch({ doing: "", near: news }).catch(() => null);
    if (!this.isFresh(answer, news)) return false;
    this.doubt = "";
    await this.fill();
    return this.isIn;
  }

  /** Whether the data came. If not, that is said. */
  isFresh(answer, near) {
    if (answer?.status === 401) this.askLogin();
    else if (answer?.status !== 200) this.sayFailure(NOT_RELOADED, near);
    return answer?.status === 200;
  }

  async fill() {
    this.fillFrame();
    const filled = this.fillMain(this);
    findFocus();
    if (!filled) return;
    await filled;
    findFocus();
  }

  async fetch(options) {
    const answer = await this.ask("GET", SPACE, options);
    if (answer.status !== 200) return answer;
    this.data = answer.data;
    return this.complete(this.establishment, options);
  }

  /** What is not told of an establishment among the others is asked for by itself. */
  async complete(establishment, options) {
    if (!establishment || isWhole(establishment)) return { status: 200 };
    const one = await this.ask("GET", `${SPACE}?siret=${establishment.siret}`, options);
    if (one.status === 200) Object.assign(establishment, one.data.establishments[0]);
    return one;
  }

  /** What every view may say: whose name goes with a password, which establishment. */
  fillFrame() {
    const { establishment, establishments } = this;
    const choice = byId("choose-establishment");
    if (choice) {
      choice.hidden = establishments.length < 2;
      const radio = (one, rank) => radioOf(one, rank, one === establishment);
      byId("establishment-choices").replaceChildren(...establishments.map(radio));
    }
    for (const field of document.querySelectorAll("[data-username]")) field.value = this.me.identifier;
    for (const element of document.querySelectorAll("[data-suspended]")) element.hidden = !this.isSuspended;
    for (const element of document.querySelectorAll("[data-establishment]")) {
      element.replaceChildren(...(establishment ? named(establishment) : []));
    }
  }

  async choose(siret) {
    const establishment = this.establishments.find((one) => one.siret === siret);
    const [choice, near] = ["choose-establishment", "establishments-form"].map(byId);
    if (!this.isFresh(await this.complete(establishment, { near }).catch(() => null), near)) return;
    chosen.write(siret);
    await this.fill();
    choice.open = false;
    choice.querySelector("summary").focus();
    this.say(`Établissement affiché : ${establishment.name}.`);
  }

  /** Another page of my space, which says `news` first. */
  goTo(page, news) {
    told.write(news);
    location.assign(page);
  }

  /** Shown from the next time on, in this tab. */
  prefer(siret) {
    chosen.write(siret);
  }

  /** Shows another view of the page, a step further in the history. */
  enter(view, args = {}) {
    history.pushState({ view, args }, "");
    this.present();
  }

  /**
   * Back to the view before, which says `news`; `after` runs once it is shown. What the forms of this view send is
   * stopped at once: who cancels must not be obeyed all the same.
   */
  leave(news = "", after = () => {}) {
    this.news = news;
    this.abandon();
    this.after = after;
    // Come to at once, or by a page that was loaded again: Back may lead elsewhere.
    if (!history.state?.view) return this.present();
    if (!history.state.isFirst) return history.back();
    history.replaceState(null, "");
    this.present();
  }

  /** Not over the login, which stands in the place of every view. */
  present() {
    if (!this.isIn) return;
    const { view, args } = history.state ?? {};
    const isThere = view && this.views[view] && this.views[view](args) !== false;
    const next = isThere ? view : this.main;
    this.abandon(next);
    this.show(next);
    this.say(this.news);
    this.news = "";
    const { after } = this;
    this.after = () => {};
    after();
  }

  /** Stops what forms send that do not stand in `view`, or all. Whether it had arrived, the data will show. */
  abandon(view = null) {
    const left = this.forms.filter(({ form, view: own }) => own.id !== view && form.abandon());
    if (!left.length || !this.isIn) return;
    this.doubt = left.find(({ ifLost }) => ifLost)?.ifLost ?? "";
    this.news ||= ABANDONED;
    this.reload();
  }

  /** News of the page, in its live region. */
  say(text) {
    byId("news").textContent = fixSpaces(text);
  }

  /** The login, in the place of what was shown, which is there again after it. */
  askLogin() {
    forgetSession();
    byId("session-over").hidden = !this.data || Boolean(this.doubt);
    byId("session-doubt").hidden = !this.doubt;
    byId("session-doubt").textContent = fixSpaces(this.doubt);
    this.doubt = "";
    this.showOutside("no-session");
  }

  showOutside(view) {
    this.isIn = false;
    this.say("");
    this.abandon(view);
    this.show(view);
  }

  /** The buttons that show passwords come with the first view that asks for one: most visits see none. */
  show(view) {
    const hasPassword = byId(view).querySelector("[data-module=govuk-password-input]");
    const load = () => import(PASSWORDS_MODULE).then(({ enablePasswords }) => enablePasswords());
    if (hasPassword) this.passwords ??= load().catch(() => {});
    for (const id of ["space-nav", "signed-in"]) byId(id).hidden = !this.isIn;
    // What is said in a view that is left would not be seen.
    const told = this.progress.element.closest("[data-view]");
    if (told && told.id !== view) this.moveProgress();
    // News stand above the heading, which takes the focus.
    scrollTo(0, 0);
    showView(view);
  }

  /**
   * Deals with the answers that any route of my space may give; returns whether it was one of them. `ifLost` is said
   * in the login when what was sent before, unanswered, may have ended the session.
   */
  refuses({ status, data, uncertain, retryAfter }, form, ifLost = "") {
    if (status === 401 && data.type === NO_SESSION) {
      if (uncertain) this.doubt = ifLost;
      this.askLogin();
    } else if (data.type === TOO_MANY_ATTEMPTS) {
      form.showRefusal({ status, retryAfter, data: { detail: ATTEMPTS } });
    } else if (data.type === WRONG_CREDENTIALS) {
      form.showRefusal({ data: { errors: [{ field: "password", detail: WRONG_PASSWORD }] } });
    } else if (status === 403 && data.type === NOT_ALLOWED) form.showRefusal({ data: { detail: ROLE_CHANGED } });
    else return false;
    return true;
  }

  /** A form of my space: as any other, besides what every route may answer. `ifLost` is that of `refuses`. */
  bind(id, { onRefused = () => false, ifLost, ...options }) {
    const form = bindForm(byId(id), {
      ...options,
      onRefused: (answer) => onRefused(answer) || this.refuses(answer, form, ifLost),
    });
    this.forms.push({ form, view: byId(id).closest("[data-view]"), ifLost });
    return form;
  }

  async logOut() {
    if (this.isLeaving) return;
    this.isLeaving = true;
    this.progress.stop();
    try {
      const { status } = await this.ask("DELETE", "/api/session", { doing: "Déconnexion en cours…" });
      if (status === 204 || status === 401) this.showLoggedOut();
      else this.sayFailure(MAYBE_OUT);
    } catch (error) {
      this.sayFailure(error instanceof Cancelled ? STOPPED : MAYBE_OUT);
    }
    this.isLeaving = false;
  }

  showLoggedOut(view = "done") {
    forgetSession();
    leaveNothing();
    this.showOutside(view);
  }
}

/** Some browsers bring back what stands in fields when the page is loaded again. */
function leaveNothing() {
  clearTab();
  for (const form of document.forms) form.reset();
}

/** To the content, without a step of the history, which would lead to no view. */
function skip(event) {
  event.preventDefault();
  const content = byId("main-content");
  content.tabIndex = -1;
  content.focus();
}

function radioOf({ siret, name }, rank, isChecked) {
  const id = `establishment-choice-${rank}`;
  const input = make("input", { class: "govuk-radios__input", type: "radio", name: "establishment", id, value: siret });
  input.checked = isChecked;
  const label = make("label", { class: "govuk-label govuk-radios__label", for: id }, ...named({ siret, name }));
  return make("div", { class: "govuk-radios__item" }, input, label);
}

const named = ({ name, siret }) => [
  make("strong", {}, name),
  ", SIRET\u00a0",
  make("span", { class: "app-counted" }, readableSiret(siret)),
];
