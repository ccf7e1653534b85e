// Ties a <form> to a route of the API: what is typed is kept, one click sends once, faults are said
// beside their fields, and a sending goes on until it is answered or stopped.
import { clearErrors, showErrors } from "./errors.js";
import { Progress } from "./progress.js";
import { Cancelled, NoAnswer, send } from "./send.js";
import { isLoadedAgain, place } from "./tab.js";

const PROOFS_MAX = 3;
const PROOF_REFUSED = ["/problems/proof-rejected", "/problems/proof-already-used"];
const PROOF_REQUIRED = "/problems/proof-required";
const CONTACT = "contact-ap@asp-public.fr";

/**
 * `options`:
 * - `url`: where it is posted;
 * - `action`: what its proof is for, if it needs one;
 * - `actionIfAsked`: the same, for a form that needs one only when the server says so;
 * - `fields(typed, lastBody)`: the body without its proof, what was typed by default; `lastBody` is the
 *   text of the last sending that got no answer;
 * - `prefill`: values for its fields, handed over by an earlier page;
 * - `onDone(data)`: it was accepted;
 * - `staysDone`: a page that is loaded again says again what was answered, by `onDone`;
 * - `onRefused(answer)`: it was refused for good; returns true if it has dealt with it.
 *
 * Returns `{ isDone, beginAnew() }`.
 */
export function bindForm(form, options) {
  return new BoundForm(form, options);
}

class BoundForm {
  constructor(form, options) {
    const { url, action = null, actionIfAsked = null, prefill = {}, onDone } = options;
    const { fields = (typed) => typed, onRefused = () => false, staysDone = false } = options;
    Object.assign(this, { form, url, action, actionIfAsked, fields, onDone, onRefused, staysDone });
    this.draft = place(`draft:${form.id}`);
    this.sent = place(`sent:${form.id}`);
    this.done = place(`done:${form.id}`);
    this.progress = new Progress(form.querySelector(".app-sending"));
    this.isSending = false;
    this.proof = null;

    fill(form, { ...this.draft.read(), ...prefill });
    this.keep();
    form.addEventListener("input", () => this.keep());
    if (action) form.addEventListener("focusin", () => this.startProof(), { once: true });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.submit();
    });
    // Until here a click would have left the page and lost what was typed.
    form.querySelector("[type=submit]").disabled = false;
    if (!isLoadedAgain()) this.beginAnew();
    else if (this.isDone) onDone(this.done.read());
  }

  get isDone() {
    return this.done.read() !== null;
  }

  beginAnew() {
    this.done.forget();
  }

  keep() {
    this.draft.write(withoutPassword(read(this.form)));
  }

  /** In the background: what fails here is tried again, and said, when the form is sent. */
  startProof() {
    this.ownProof().then((proof) => proof.start(), () => {});
  }

  async ownProof() {
    const { Proof } = await loadProof();
    const line = this.form.querySelector(".app-proof");
    this.proof ??= new Proof(this.fetchChallenge, (text) => (line.textContent = text), this.sent.read());
    return this.proof;
  }

  fetchChallenge = async (waiting) => {
    const { status, data } = await send("GET", `/api/challenge?action=${this.action}`, undefined, waiting);
    if (status !== 200) throw new Error(`challenge: ${status}`);
    return data;
  };

  async submit() {
    if (this.isSending) return;
    this.isSending = true;
    clearErrors(this.form);
    try {
      const missing = findMissing(this.form);
      if (missing.length) showErrors(this.form, missing);
      else await this.sendTyped(read(this.form));
    } catch (error) {
      this.sayFailure(error);
    } finally {
      this.isSending = false;
    }
  }

  async sendTyped(typed) {
    this.progress.say("Envoi en cours…");
    const answer = await this.sendWithProof(this.fields(typed, this.sent.read()?.body));
    this.progress.clear();
    this.sent.forget();
    if (answer.status >= 200 && answer.status < 300) {
      this.draft.forget();
      if (hasPassword(this.form)) emptyPasswordLater(this.form);
      if (this.staysDone) this.done.write(answer.data);
      this.onDone(answer.data);
    } else if (!this.onRefused(answer)) {
      showErrors(this.form, faults(answer));
    }
  }

  /** Sends with the proof that the action needs; a proof that was refused is made anew, silently. */
  async sendWithProof(fields) {
    const body = JSON.stringify(fields);
    for (let proofs = 1; ; proofs += 1) {
      const answer = await this.sendOnce(fields, body);
      const type = answer.data.type;
      if (type === PROOF_REQUIRED && proofs < PROOFS_MAX) {
        this.action = this.actionIfAsked;
      } else if (PROOF_REFUSED.includes(type) && proofs < PROOFS_MAX) {
        this.proof.discard();
      } else {
        if (answer.status === 422) this.proof?.release();
        return answer;
      }
    }
  }

  async sendOnce(fields, body) {
    const needsProof = this.action !== null;
    const proof = needsProof ? await (await this.ownProof()).serve(body, this.progress.waiting) : undefined;
    // After a reload the same body must find the same proof: it is the same request asked again.
    if (needsProof && !hasPassword(this.form)) this.sent.write({ body, payload: proof });
    return send("POST", this.url, JSON.stringify({ ...fields, proof }), this.progress.waiting);
  }

  sayFailure(error) {
    this.progress.clear();
    if (error instanceof Cancelled) {
      this.progress.say("L'envoi est arrêté. Votre saisie est conservée\u00a0: vous pouvez renvoyer le formulaire.");
      return;
    }
    const reason = error instanceof NoAnswer ? "Le service ne répond pas." : "Votre navigateur n'a pas pu envoyer le formulaire.";
    const detail = `${reason} Votre saisie est conservée. Réessayez dans quelques minutes, ou écrivez à ${CONTACT}.`;
    showErrors(this.form, [{ detail }]);
  }
}

let failedLoads = 0;

/**
 * Loads proof.js when it is first needed, from the address that the build writes in: most logins never
 * ask. A browser may remember that a module failed to load: each new try has another address.
 */
async function loadProof() {
  try {
    return await import(failedLoads ? `${PROOF_MODULE}?${failedLoads}` : PROOF_MODULE);
  } catch {
    failedLoads += 1;
    throw new NoAnswer();
  }
}

/** What the page should say of a refusal, whatever answered it. */
function faults({ data }) {
  if (data.errors?.length) return data.errors;
  const detail = [data.title, data.detail].filter(Boolean).join(". ");
  return [{ detail: detail || `Le service a refusé la demande. Réessayez, ou écrivez à ${CONTACT}.` }];
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

const hasPassword = (form) => "password" in form.elements;

/**
 * A browser may keep the whole page for Back: it must not bring the password with it. It is emptied when
 * the page is left, since password managers look at it until then.
 */
function emptyPasswordLater(form) {
  addEventListener("pagehide", () => (form.elements.password.value = ""), { once: true });
}

const withoutPassword = ({ password, ...rest }) => rest;

/** Only what is plainly empty is said here, at once; the server judges the rest. */
function findMissing(form) {
  const typed = read(form);
  return [...form.querySelectorAll("[data-required]")]
    .filter(({ name }) => typed[name] === false || (typeof typed[name] === "string" && typed[name].trim() === ""))
    .map((field) => ({ field: field.id, detail: field.dataset.required }));
}
