// Getting a forgotten identifier or password back: the same answer whoever asks.
import { showView } from "../dom.js";
import { bindForm } from "../form.js";
import { takeOver } from "../tab.js";

const form = document.querySelector("#recover-identifier, #recover-password");

bindForm(form, {
  url: form.id === "recover-identifier" ? "/api/recover/identifier" : "/api/recover/password",
  action: "recover",
  prefill: takeOver(),
  staysDone: true,
  onDone: () => showView("done"),
});
