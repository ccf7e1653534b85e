// The links of a change of address: the new one is confirmed, or the former one comes back. By sending the form, never
// by opening the page: mail scanners open every link.
import { byId, showView } from "../dom.js";
import { bindForm } from "../form.js";
import { onOtherLink, takeToken } from "../link-token.js";
import { enablePasswords } from "../passwords.js";
import { Progress } from "../progress.js";
import { send } from "../send.js";
import { forgetSession, rememberSession } from "../session.js";
import { enableHandOver } from "../tab.js";

const UNKNOWN = "/problems/link-unknown";
const REFUSALS = { "/problems/link-expired": "expired", "/problems/link-used": "used" };

const token = takeToken();
const progress = new Progress(byId("progress"), { kept: "", cancel: "Annuler l'attente" });

/** Ties the form of a purpose to its route. `onDone` as of a form. */
function bind(purpose, onDone) {
  return bindForm(byId(`${purpose}-address`), {
    url: `/api/address/${purpose}`,
    fields: () => ({ token }),
    staysDone: true,
    onDone(data) {
      forgetSession();
      onDone(data);
    },
    onRefused({ data }) {
      if (data.type === UNKNOWN) showView("link-unknown");
      else if (REFUSALS[data.type]) showView(`${purpose}-${REFUSALS[data.type]}`);
      else return false;
      return true;
    },
  });
}

enablePasswords();
enableHandOver(document);
bindForm(byId("login"), {
  url: "/api/session",
  actionIfAsked: "session",
  isRepeatable: true,
  onDone() {
    rememberSession();
    location.assign("/mon-espace/");
  },
});
const forms = [
  bind("confirm", () => showView("confirmed")),
  bind("restore", ({ sent_to: sentTo }) => {
    byId("restored-to").textContent = sentTo;
    showView("restored");
  }),
];
onOtherLink(() => forms.forEach((form) => form.beginAnew()));
byId("retry").addEventListener("click", () => location.reload());

/** What the link is good for. */
async function show() {
  if (!token) return showView("link-unknown");
  const body = JSON.stringify({ token });
  const answer = await send("POST", "/api/address", body, progress.begin("Chargement en cours…")).catch(() => null);
  progress.clear();
  if (answer?.data.type === UNKNOWN) return showView("link-unknown");
  if (answer?.status !== 200) return showView("no-answer");
  const { purpose, state, sent_to: sentTo } = answer.data;
  for (const element of document.querySelectorAll("[data-sent-to]")) element.textContent = sentTo;
  showView(state === "open" ? purpose : `${purpose}-${state}`);
}

// Not awaited: the page is ready when it says what it waits for.
if (!forms.some((form) => form.isDone)) show();
