// Opening an account: the SIRET first, then the account, or what to do when there is one already.
import { byId, readableSiret, showView } from "../dom.js";
import { showExists } from "../exists.js";
import { bindForm } from "../form.js";
import { place } from "../tab.js";

/** The SIRET that was checked and whose terms were accepted; a reload comes back to the second step. */
const checked = place("checked-siret");

const askAccount = (siret) => {
  byId("checked-siret").textContent = readableSiret(siret);
  showView("step-account");
};

const first = bindForm(byId("check-siret"), {
  url: "/api/check-siret",
  action: "check-siret",
  isRepeatable: true,
  staysDone: true,
  onDone({ siret, account, message }) {
    if (account === "exists") return showExists(message, siret);
    checked.write(siret);
    askAccount(siret);
  },
});

const leaveFirst = () => {
  checked.forget();
  first.beginAnew();
};

bindForm(byId("create-account"), {
  url: "/api/create-account",
  action: "create-account",
  fields: (typed) => ({ siret: checked.read(), ...typed, accept_terms: true }),
  staysDone: true,
  onDone({ sent_to, valid_minutes }) {
    leaveFirst();
    byId("sent-to").textContent = sent_to;
    byId("valid-minutes").textContent = valid_minutes;
    showView("done");
  },
  onRefused({ data }) {
    if (data.type !== "/problems/establishment-has-account") return false;
    showExists(data.detail ?? data.title, checked.read());
    leaveFirst();
    return true;
  },
});

for (const id of ["change-siret", "exists-change-siret"]) {
  byId(id).addEventListener("click", () => {
    leaveFirst();
    showView("step-siret");
  });
}

if (checked.read()) askAccount(checked.read());
