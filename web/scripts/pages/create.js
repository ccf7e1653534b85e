// Opening an account: the SIRET first, then the account, or what to do when there is one already. Each step is
// one of the history: Back leads to the one before, with what was typed.
import { forRequest, readAsked, showMailStep } from "../asked.js";
import { byId, readableSiret, showView } from "../dom.js";
import { showErrors } from "../errors.js";
import { showExists } from "../exists.js";
import { bindForm, forgetForm } from "../form.js";
import { forgetMail, showMail } from "../mail-state.js";
import { enableHandOver, isLoadedAgain, place, takeOver } from "../tab.js";

/** The SIRET that was checked and whose terms were accepted; a reload comes back to the second step. */
const checked = place("checked-siret");
/** What another space of the same person begins with. */
const OWN_FIELDS = ["first_name", "last_name", "email", "phone"];

const HAS_ACCOUNT = "/problems/establishment-has-account";
const ACTIVATED = "/problems/already-activated";
/** What is said besides of a mail that will not come, by what the service advises, or that is not followed any more. */
const ADVICE = {
  "correct-address":
    "Corrigez l'adresse ci-dessous, ou donnez-en une autre\u00a0: le lien y part aussitôt. Sinon, demandez à l'assistance.",
  "try-later": "Un lien déjà reçu sert pendant 60\u00a0minutes après son envoi. Sinon, réessayez dans une heure.",
  "ask-for-help": "Votre adresse n'est sans doute pas en cause\u00a0: demandez à l'assistance.",
  stopped: "S'il n'est toujours pas arrivé, demandez à l'assistance.",
};
const MAIL_UNKNOWN =
  "Votre première demande n'est plus connue. Tout ce que vous avez saisi est conservé\u00a0: vérifiez-le, et envoyez de nouveau le formulaire.";
const CORRECTED_TOO_OFTEN =
  "L'adresse a déjà été corrigée trois fois\u00a0: elle ne peut plus l'être ici. Votre saisie est conservée. L'assistance peut vous aider.";

// Come to anew after an application: the next is for another establishment.
if (!isLoadedAgain() && place("done:create-account").read()) {
  checked.forget();
  forgetForm("check-siret");
}

/** A step more of the history, unless it is the one that is shown. */
function enter(step) {
  if (history.state?.step !== step) history.pushState({ step }, "");
}

const askAccount = (siret) => {
  forgetMail();
  byId("checked-siret").textContent = readableSiret(siret);
  showView("step-account");
  second.prepare();
};

const askSiret = () => {
  showView("step-siret");
  first.prepare();
};

const first = bindForm(byId("check-siret"), {
  url: "/api/check-siret",
  action: "check-siret",
  isRepeatable: true,
  staysDone: true,
  onDone({ siret, account, message }, typed) {
    if (account === "exists") return showExists(message, siret);
    if (!typed) return;
    checked.write(siret);
    enter("account");
    askAccount(siret);
  },
});

const mail = ({ email, ...fields }) => ({
  kind: "activation",
  page: location.pathname,
  to: email.trim(),
  siret: checked.read(),
  fields,
});

/** Loaded again, the page leaves what was typed into the correction as it is. */
const done = (typed) => {
  if (typed) enter("done");
  const own = Object.fromEntries(OWN_FIELDS.map((name) => [name, byId(name).value]));
  byId("sent-to").textContent = own.email.trim();
  byId("valid-minutes").textContent = second.answered.valid_minutes;
  enableHandOver(byId("others"), own);
  const ask = () => {
    enter("account");
    askAccount(checked.read());
  };
  if (typed || !correction.typed.email) correction.put({ email: own.email.trim() });
  byId("correction").hidden = !correction.isUnanswered;
  byId("correction-refused").hidden = true;
  const { mail: id } = second.answered;
  showMailStep(second, ask, typed && mail(typed), id ? askAddress : undefined);
  showMail(id, { isNew: Boolean(typed), advise: (what) => ADVICE[what], onWrongAddress: openCorrection });
};

/** The focus stays where it is. */
function openCorrection() {
  byId("correction").hidden = false;
  correction.prepare();
}

function askAddress() {
  openCorrection();
  byId("corrected_email").focus();
}

const second = bindForm(byId("create-account"), {
  url: "/api/create-account",
  action: "create-account",
  fields: (typed) => ({ siret: checked.read(), ...typed, accept_terms: true }),
  prefill: takeOver(),
  staysDone: true,
  onDone(_, typed) {
    queueMicrotask(() => (typed || history.state?.step !== "account" ? done(typed) : correct()));
  },
  onRefused({ data }) {
    if (data.type === HAS_ACCOUNT) showOvertaken(data);
    return data.type === HAS_ACCOUNT;
  },
});

// The address is corrected where the mail is waited for: the next one leaves at once.
const correction = bindForm(byId("correct-address"), {
  url: () => `/api/mail/${encodeURIComponent(second.answered.mail)}/address`,
  action: "create-account",
  onDone(data, { email }) {
    correction.correct();
    second.put({ email: email.trim() });
    second.answered = data;
    done(second.typed);
  },
  onRefused({ status, data }) {
    if (data.type === HAS_ACCOUNT) showOvertaken(data);
    else if (data.type === ACTIVATED) showActivated();
    else if (status === 404) askAllAgain();
    else if (status === 429) {
      showErrors(byId("correct-address"), [{ detail: CORRECTED_TOO_OFTEN }]);
      byId("correction-refused").hidden = false;
    } else return false;
    return true;
  },
});

const forRequestWith = (typed) => ({ ...(readAsked() ? forRequest(readAsked()) : {}), ...typed });
enableHandOver(byId("mail-problem"), () => forRequestWith({}));
enableHandOver(byId("correction-refused"), () => forRequestWith(correction.typed));

function showOvertaken({ detail, title }) {
  forgetMail();
  const { first_name, last_name, email } = second.typed;
  showExists(detail ?? title, checked.read(), { first_name, last_name, email });
  leaveFirst();
  second.beginAnew();
}

function showActivated() {
  forgetMail();
  leaveFirst();
  second.beginAnew();
  showView("activated");
}

/** The mail is known no more: the whole form again, with the address that was typed last. */
function askAllAgain() {
  second.put(correction.typed);
  enter("account");
  correct();
  showErrors(byId("create-account"), [{ detail: MAIL_UNKNOWN }]);
}

/** Back from the last step, even if the page was loaded again on the way. */
function correct() {
  second.correct();
  askAccount(checked.read());
}

function leaveFirst() {
  checked.forget();
  first.beginAnew();
}

for (const id of ["change-siret", "exists-change-siret"]) {
  byId(id).addEventListener("click", () => {
    leaveFirst();
    askSiret();
  });
}

addEventListener("popstate", ({ state }) => {
  if (state?.step === "done" && second.isDone) done(null);
  else if (state && checked.read()) {
    if (second.isDone) correct();
    else askAccount(checked.read());
  } else askSiret();
});

// Loaded again at the first step, it stays there.
if (checked.read() && !second.isDone && (history.state || !isLoadedAgain())) {
  enter("account");
  askAccount(checked.read());
}
