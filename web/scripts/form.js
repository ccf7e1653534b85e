// Ties a <form> to a route of the API: what is typed is kept, one click sends once, faults are said
// beside their fields, and a sending goes on until it is answered or stopped.
import { enableChecks, explained } from "./checks.js";
import { clearErrors, showErrors } from "./errors.js";
import { comeBack } from "./french.js";
import { Progress } from "./progress.js";
import { MaybeDone, sendProven } from "./proven.js";
import { Cancelled, NoAnswer, insist, send, unlessStopped, within } from "./send.js";
import { isLoadedAgain, place } from "./tab.js";

const CONTACT = "contact-ap@asp-public.fr";
const SENDING = "Envoi en cours…";
/** A busy page begins the search nevertheless. */
const IDLE_MS_MAX = 2000;
const UNANSWERED =
  "Votre envoi n'a pas encore reçu de réponse. Votre saisie est conservée. Envoyez-la de nouveau sans rien changer\u00a0: elle ne sera pas comptée deux fois.";
const MAYBE_DONE =
  "Votre envoi est peut-être arrivé, mais la réponse s'est perdue. Regardez vos courriels, indésirables compris. " +
  "Rien n'arrive en quelques minutes\u00a0? Envoyez de nouveau\u00a0: votre saisie est conservée.";
const STILL_OVERLOADED =
  "Le service est toujours très demandé. Votre saisie est conservée. Renvoyez le formulaire dans 10\u00a0minutes. " +
  `Une échéance vous presse\u00a0? Écrivez, avec votre SIRET, à ${CONTACT}.`;

/**
 * `options`:
 * - `url`: where it is sent, or what gives it when the form is sent;
 * - `method`: `POST` by default, or what gives it in the same way; a `DELETE` has no body;
 * - `action`: what its proof is for, if it needs one;
 * - `actionIfAsked`: the same, for a form that needs one only when the server says so;
 * - `isRepeatable`: sent twice with two proofs it is done once, or does no harm;
 * - `fields(typed, lastBody)`: the body without its proof, what was typed by default; `lastBody` is the
 *   text of the last sending that got no answer;
 * - `missing(typed)`: `[{ field, detail }]`, what is plainly missing besides the fields that say so themselves;
 * - `onSubmit(typed)`: sends it in place of the form;
 * - `of`: what it is about, where one form serves for several things: what is typed for one is not the other's;
 * - `fieldNames`: of the server's fields, those that have another name in this form, `{ theirs: ours }`;
 * - `prefill`: values handed over by an earlier page, for the fields that the person has left empty;
 * - `known`: values that the service has just told the person, better than what was typed before;
 * - `onDone(data, typed)`: it was accepted; without `typed` when a page that is loaded again says so;
 * - `staysDone`: a page that is loaded again says again what was answered, by `onDone`, and what was typed
 *   stays until the page is come to anew, so that it can be corrected;
 * - `onRefused(answer)`: it was refused for good; returns true if it has dealt with it.
 *
 * Returns `{ isDone, isSending, isUnanswered, hasErrors, answered, typed, abandon(), beginAnew(), correct(), empty(),
 * prepare(), put(values), resend(element), showRefusal(answer) }`; `abandon` gives whether something was on its way,
 * `resend` whether it was accepted.
 */
export function bindForm(form, options) {
  return new BoundForm(form, options);
}

class BoundForm {
  constructor(form, options) {
    const { url, action = null, actionIfAsked = null, prefill = {}, known = {}, onDone } = options;
    const { fields = (typed) => typed, onRefused = () => false, staysDone = false, isRepeatable = false } = options;
    const { fieldNames = {}, method = "POST", missing = () => [], onSubmit = null, of = null } = options;
    Object.assign(this, { form, url, action, actionIfAsked, fields, fieldNames, onDone, onRefused, staysDone, isRepeatable });
    Object.assign(this, { method, missing, onSubmit });
    const name = of ? `${form.id}:${of}` : form.id;
    this.draft = place(`draft:${name}`);
    this.sent = place(`sent:${name}`);
    this.done = place(`done:${name}`);
    this.progress = new Progress(form.querySelector(".app-sending"));
    this.isSending = false;
    /** It is not answered yet. */
    this.isOnItsWay = false;
    this.proof = null;

    if (this.isDone && !isLoadedAgain()) forgetForm(name);
    fill(form, { ...prefill, ...filledIn(this.draft.read() ?? {}), ...filledIn(known) });
    this.keep();
    form.addEventListener("input", () => {
      this.keep();
      // What is on its way is not what stands in the fields any more.
      this.progress.stop();
    });
    if (action) form.addEventListener("focusin", () => this.startProof());
    enableChecks(form);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.submit();
    });
    // Until here a click would have left the page and lost what was typed.
    form.querySelector("[type=submit]").disabled = false;
    if (!isLoadedAgain()) this.beginAnew();
    else if (this.isDone) onDone(this.done.read());
    else if (this.sent.read()) this.progress.say(UNANSWERED);
    this.prepare();
  }

  /** The form is shown: its proof is looked for as soon as the page has nothing else to do. */
  prepare() {
    // A sending of before may have been told of elsewhere.
    this.form.append(this.form.querySelector(".app-sending") ?? this.progress.element);
    if (!this.action || this.isPrepared || this.isDone || this.form.getClientRects().length === 0) return;
    this.isPrepared = true;
    // Those who count their data get it when they begin to fill the form in.
    if (!navigator.connection?.saveData) whenIdle(() => this.startProof());
  }

  get isDone() {
    return this.answered !== null;
  }

  /** What it was answered, where that stays; another form may correct it. */
  get answered() {
    return this.done.read();
  }

  set answered(data) {
    this.done.write(data);
  }

  /** A sending of before was not answered. */
  get isUnanswered() {
    return this.sent.read() !== null;
  }

  get typed() {
    return read(this.form);
  }

  /** The person has left the form: what it sends is asked for no more, and nothing is said in it of that. */
  abandon() {
    if (!this.isOnItsWay) return false;
    this.isAbandoned = true;
    this.progress.stop();
    return true;
  }

  beginAnew() {
    this.done.forget();
  }

  /** As if these values had been typed, and nothing were wrong with them. */
  put(values) {
    clearErrors(this.form);
    fill(this.form, values);
    this.keep();
  }

  /** As it came: nothing is typed in it, and nothing kept of it. */
  empty() {
    clearErrors(this.form);
    this.form.reset();
    this.draft.forget();
  }

  /** What was accepted is filled in still, to be corrected; the next sending is a new request. */
  correct() {
    this.beginAnew();
    this.forgetProof();
    this.hasStartedProof = false;
    this.isPrepared = false;
  }

  keep() {
    this.draft.write(withoutPassword(read(this.form)));
  }

  /**
   * Once, and again when what was found is too old. In the background: what fails here is tried again, and said,
   * when the form is sent.
   */
  startProof() {
    if (this.hasStartedProof && !this.proof?.isOld()) return;
    this.hasStartedProof = true;
    this.askEarly();
    this.ownProof(giveUp).then((proof) => proof.start(giveUp), () => {});
  }

  /** The challenge comes while what solves it does. */
  askEarly() {
    if (this.proof || this.sent.read()) return;
    this.early ??= this.askChallenge(giveUp).catch(() => null);
  }

  async ownProof(waiting) {
    const { Proof } = await loadProof(waiting);
    const { fetchChallenge } = this;
    const say = (text) => (this.form.querySelector(".app-proof").textContent = text);
    this.proof ??= new Proof({ fetchChallenge, insist, say, spent: this.sent.read() });
    return this.proof;
  }

  fetchChallenge = async (waiting) => {
    const early = this.early;
    this.early = null;
    const challenge = await early;
    if (challenge) return challenge;
    if (early && waiting === giveUp) throw new NoAnswer();
    return this.askChallenge(waiting);
  };

  async askChallenge(waiting) {
    const { status, data } = await send("GET", `/api/challenge?action=${this.action}`, undefined, { waiting });
    if (status !== 200 || !data.parameters) throw new NoAnswer();
    return data;
  }

  async prove(body, sending) {
    if (!this.hasStartedProof) this.askEarly();
    const proof = await this.ownProof(sending.waiting);
    return proof.serve(body, sending);
  }

  async submit() {
    if (this.isSending) return;
    this.isSending = true;
    this.isAbandoned = false;
    this.isAccepted = false;
    clearErrors(this.form);
    const button = this.form.querySelector("[type=submit]");
    const label = button.textContent;
    try {
      const missing = inOrder(this.form, [...findMissing(this.form), ...this.missing(read(this.form))]);
      if (missing.length) return showErrors(this.form, missing);
      if (this.onSubmit) return await this.onSubmit(read(this.form));
      button.textContent = SENDING;
      button.scrollIntoView({ block: "nearest" });
      await this.sendTyped(read(this.form));
    } catch (error) {
      this.sayFailure(error);
    } finally {
      button.textContent = label;
      this.isOnItsWay = false;
      this.isSending = false;
    }
  }

  /** Sends what was accepted once more, as a new request; what is said of it stands after `element` meanwhile. */
  async resend(element) {
    const home = this.progress.element;
    this.forgetProof();
    element.after(home);
    await this.submit();
    return this.isAccepted;
  }

  get hasErrors() {
    return this.form.querySelector("[data-errors-of]") !== null;
  }

  async sendTyped(typed) {
    // The button says it to the eye.
    const sending = this.progress.begin("", SENDING);
    this.isOnItsWay = true;
    const answer = await this.sendWithProof(this.fields(typed, this.sent.read()?.body), sending);
    this.isOnItsWay = false;
    this.progress.clear();
    // A server that failed may have carried it out: sent again it must be the same request.
    if (answer.status < 500) this.sent.forget();
    if (this.isAbandoned) return;
    if (answer.status >= 200 && answer.status < 300) {
      this.isAccepted = true;
      if (hasPassword(this.form)) emptyPasswordLater(this.form);
      if (this.staysDone) this.done.write(answer.data);
      else this.draft.forget();
      this.onDone(answer.data, typed);
    } else if (!this.onRefused(answer)) {
      this.showRefusal(answer);
    }
  }

  showRefusal(answer) {
    showErrors(this.form, explained(this.form, faults(answer, this.fieldNames)));
  }

  /** Sends with the proof that the action needs. */
  async sendWithProof(fields, sending) {
    const body = JSON.stringify(fields);
    const attempt = () => this.sendOnce(fields, body, sending);
    const renew = (isRequired) => {
      if (isRequired) this.action = this.actionIfAsked;
      else this.forgetProof();
    };
    const answer = await sendProven({ attempt, renew, isRepeatable: this.isRepeatable });
    if (answer.status === 422) this.proof?.release();
    return answer;
  }

  async sendOnce(fields, body, sending) {
    const needsProof = this.action !== null;
    const proof = needsProof ? await unlessStopped(this.prove(body, sending), sending.signal) : undefined;
    // Sent before and not answered, maybe from the page before a reload.
    const wasSent = this.sent.read()?.body === body;
    // After a reload the same body must find the same proof: it is the same request asked again.
    if (needsProof && !hasPassword(this.form)) this.sent.write({ body, payload: proof });
    try {
      const [method, url] = [this.method, this.url].map((given) => (typeof given === "function" ? given() : given));
      const sent = method === "DELETE" ? undefined : JSON.stringify({ ...fields, proof });
      const answer = await send(method, url, sent, sending);
      return { ...answer, uncertain: answer.uncertain || wasSent };
    } catch (error) {
      error.uncertain ||= wasSent;
      if (!error.uncertain) this.sent.forget();
      throw error;
    }
  }

  forgetProof() {
    this.proof?.discard();
    this.sent.forget();
  }

  sayFailure(error) {
    this.progress.clear();
    if (this.isAbandoned) return;
    if (error instanceof Cancelled) {
      const stopped = error.uncertain ? "L'envoi est arrêté. Il est peut-être déjà arrivé." : "L'envoi est arrêté.";
      this.progress.say(`${stopped} Votre saisie est conservée\u00a0: vous pouvez renvoyer le formulaire.`);
      return;
    }
    // The next sending is the person's decision, and a new request.
    if (error instanceof MaybeDone) this.forgetProof();
    showErrors(this.form, [{ detail: failure(error) }]);
  }
}

/** Forgets what was typed into the form and what it was answered. */
export function forgetForm(id) {
  for (const kind of ["draft", "done"]) place(`${kind}:${id}`).forget();
}

/** Now that the page can be seen and the browser has nothing more urgent; Safari does not say when that is. */
function whenIdle(work) {
  if (document.hidden) {
    const wait = () => {
      if (document.hidden) return;
      document.removeEventListener("visibilitychange", wait);
      whenIdle(work);
    };
    document.addEventListener("visibilitychange", wait);
  } else if ("requestIdleCallback" in window) {
    requestIdleCallback(work, { timeout: IDLE_MS_MAX });
  } else {
    setTimeout(work, IDLE_MS_MAX / 10);
  }
}

function failure(error) {
  if (error instanceof MaybeDone) return MAYBE_DONE;
  if (error.isOverloaded) return STILL_OVERLOADED;
  const reason = error instanceof NoAnswer ? "Le service ne répond pas." : "Votre navigateur n'a pas pu envoyer le formulaire.";
  return `${reason} Votre saisie est conservée. Réessayez dans quelques minutes, ou écrivez à ${CONTACT}.`;
}

/** In the background nobody watches a countdown: the sending will ask again, and say so. */
const giveUp = () => {
  throw new NoAnswer();
};

let failedLoads = 0;

/**
 * Loads proof.js when it is first needed, from the address that the build writes in: most logins never
 * ask. A browser may remember that a module failed to load: each new try has another address.
 */
function loadProof(waiting) {
  return insist(async () => {
    const module = await within(import(failedLoads ? `${PROOF_MODULE}?${failedLoads}` : PROOF_MODULE));
    if (!module) failedLoads += 1;
    return module;
  }, waiting);
}

/** What the page should say of a refusal, whatever answered it, and when to come back if it said so. */
function faults({ status, data, retryAfter }, names) {
  if (data.errors?.length) return data.errors.map((error) => ({ ...error, field: names[error.field] ?? error.field }));
  const detail = [data.title, data.detail].filter(Boolean).join(". ");
  if (!detail) return [{ detail: `Le service a refusé la demande. Réessayez, ou écrivez à ${CONTACT}.` }];
  return [{ detail: status === 429 ? `${detail} ${comeBack(retryAfter)}`.trim() : detail }];
}

/** `{ name: value }` of a form's fields; a check box is true or false. */
function read(form) {
  const typed = {};
  for (const field of form.elements) {
    if (!field.name) continue;
    if (field.type === "checkbox") typed[field.name] = field.checked;
    else if (field.type === "radio") typed[field.name] = field.checked ? field.value : (typed[field.name] ?? "");
    else typed[field.name] = field.value;
  }
  return typed;
}

/** Those that are not empty. */
const filledIn = (values) => Object.fromEntries(Object.entries(values).filter(([, value]) => value));

/** Puts values into the fields that they name; the others keep theirs. */
function fill(form, values) {
  for (const field of form.elements) {
    const value = values[field.name];
    if (value === undefined) continue;
    if (field.type === "checkbox") field.checked = value === true;
    else if (field.type === "radio") field.checked = field.value === value;
    else field.value = value;
  }
}

/** Names of the fields whose values are kept nowhere. */
const PASSWORDS = ["password", "new_password"];
const passwordsOf = (form) => [...form.elements].filter(({ name }) => PASSWORDS.includes(name));
const hasPassword = (form) => passwordsOf(form).length > 0;

/**
 * A browser may keep the whole page for Back: it must not bring the password with it. It is emptied when
 * the page is left, since password managers look at it until then.
 */
function emptyPasswordLater(form) {
  const empty = () => passwordsOf(form).forEach((field) => (field.value = ""));
  addEventListener("pagehide", empty, { once: true });
}

const withoutPassword = (typed) =>
  Object.fromEntries(Object.entries(typed).filter(([name]) => !PASSWORDS.includes(name)));

/** In the form's order. */
function inOrder(form, faults) {
  const rank = ({ field }) => [...form.elements].findIndex(({ id }) => id === field);
  return faults.sort((one, other) => rank(one) - rank(other));
}

/** Only what is plainly empty is said here, at once; the server judges the rest. */
function findMissing(form) {
  const typed = read(form);
  return [...form.querySelectorAll("[data-required]")]
    .filter((field) => !field.closest("[hidden]"))
    .filter(({ name }) => typed[name] === false || (typeof typed[name] === "string" && typed[name].trim() === ""))
    .map((field) => ({ field: field.id, detail: field.dataset.required }));
}
