// Getting a forgotten identifier or password back: the same answer whoever asks.
import { showMailStep } from "../asked.js";
import { showView } from "../dom.js";
import { bindForm } from "../form.js";
import { takeOver } from "../tab.js";

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
  onDone: (_, typed) => queueMicrotask(() => showMailStep(bound, () => showView("ask"), typed && mail(typed))),
});
