// Getting a forgotten identifier or password back: the same answer whoever asks. Of the mail nothing is said, since
// that would tell who has an account; of the domain of the address that was typed, what holds for everybody.
import { forRequest, readAsked, showMailStep } from "../asked.js";
import { showDelivery } from "../delivery.js";
import { byId, showView } from "../dom.js";
import { bindForm } from "../form.js";
import { enableHandOver, takeOver } from "../tab.js";

const form = document.querySelector("#recover-identifier, #recover-password");

const mail = ({ siret, email, identifier }) => ({
  kind: "recovery",
  page: location.pathname,
  to: email?.trim(),
  siret: siret?.replace(/\D/g, ""),
  identifier: identifier?.trim(),
});

const bound = bindForm(form, {
  url: form.id === "recover-identifier" ? "/api/recover/identifier" : "/api/recover/password",
  action: "recover",
  prefill: takeOver(),
  staysDone: true,
  onDone: (_, typed) => queueMicrotask(() => done(typed)),
});

function done(typed) {
  showMailStep(bound, () => showView("ask"), typed && mail(typed));
  showDelivery(bound.typed.email);
}

enableHandOver(byId("mail-problem"), () => (readAsked() ? forRequest(readAsked()) : {}));
