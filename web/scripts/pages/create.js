// Opening an account: the SIRET first, then the account, or what to do when there is one already. Each step is
// one of the history: Back leads to the one before, with what was typed.
import { showMailStep } from "../asked.js";
import { byId, readableSiret, showView } from "../dom.js";
import { showExists } from "../exists.js";
import { bindForm, forgetForm } from "../form.js";
import { enableHandOver, isLoadedAgain, place, takeOver } from "../tab.js";

/** The SIRET that was checked and whose terms were accepted; a reload comes back to the second step. */
const checked = place("checked-siret");
/** What another space of the same person begins with. */
const OWN_FIELDS = ["first_name", "last_name", "email", "phone"];

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

const done = (typed) => {
  if (typed) enter("done");
  const own = Object.fromEntries(OWN_FIELDS.map((name) => [name, byId(name).value]));
  byId("sent-to").textContent = own.email.trim();
  enableHandOver(byId("done"), own);
  const ask = () => {
    enter("account");
    askAccount(checked.read());
  };
  showMailStep(second, ask, typed && mail(typed));
};

const second = bindForm(byId("create-account"), {
  url: "/api/create-account",
  action: "create-account",
  fields: (typed) => ({ siret: checked.read(), ...typed, accept_terms: true }),
  prefill: takeOver(),
  staysDone: true,
  onDone({ valid_minutes }, typed) {
    byId("valid-minutes").textContent = valid_minutes;
    queueMicrotask(() => (typed || history.state?.step !== "account" ? done(typed) : correct()));
  },
  onRefused({ data }) {
    if (data.type !== "/problems/establishment-has-account") return false;
    showExists(data.detail ?? data.title, checked.read());
    leaveFirst();
    return true;
  },
});

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
