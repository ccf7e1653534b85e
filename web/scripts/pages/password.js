// Choosing a password, from the link of a mail. The link is used by sending the form, never by
// opening the page: mail scanners open every link. What it is good for is asked at once.
import { byId, make, showView } from "../dom.js";
import { showExists } from "../exists.js";
import { bindForm } from "../form.js";
import { enablePasswords } from "../passwords.js";
import { NoAnswer, send } from "../send.js";
import { rememberSession } from "../session.js";
import { isLoadedAgain, place } from "../tab.js";

const UNKNOWN = "/problems/link-unknown";
const REFUSAL_VIEWS = {
  "/problems/link-expired": "link-expired",
  "/problems/link-used": "link-used",
  [UNKNOWN]: "link-unknown",
};
const OVERTAKEN = "Quelqu'un d'autre a ouvert le compte de votre établissement avant vous. Votre lien ne sert plus.";

const kept = place("link-token");
/** What the service said of the link when it was opened. */
const opened = place("link-opened");
/** `{ view, uncertain }` once the link was refused: loaded again, the page says the same. */
const refused = place("link-refused");

/** The token in the address, if there is one: the skip link writes a fragment too, an element's id. */
function findToken() {
  const fragment = location.hash.slice(1);
  return byId(fragment) ? "" : fragment;
}

/** The token, taken out of the address, so that neither the history nor a shared screen shows it. */
function takeToken() {
  const token = findToken();
  if (!token) return kept.read();
  history.replaceState(null, "", location.pathname);
  refused.forget();
  opened.forget();
  kept.write(token);
  return token;
}

/** `#done` has texts for each outcome; those of one of them are said. */
function showDone(outcome) {
  for (const text of byId("done").querySelectorAll(`[data-outcome]:not([data-outcome~=${outcome}])`)) text.remove();
  byId("new-link").hidden = true;
  showView("done");
}

/** After a recovery the login stands here, with the identifier; an activation has logged in already. */
async function showSet(identifier) {
  const purpose = opened.read()?.purpose ?? (await opening)?.purpose;
  kept.forget();
  byId("identifier-value").textContent = identifier;
  byId("username").value = identifier;
  const isLoggedIn = purpose === "activation";
  showDone(isLoggedIn ? "activation" : "recovery");
  if (isLoggedIn) rememberSession();
  else showLogin(identifier);
}

function showLogin(identifier) {
  byId("choose").remove();
  byId("new-link").remove();
  byId("login-place").replaceChildren(byId("login-form").content.cloneNode(true));
  enablePasswords();
  const form = byId("login");
  bindForm(form, {
    url: "/api/session",
    actionIfAsked: "session",
    isRepeatable: true,
    known: { identifier },
    onDone: () => location.assign("/mon-espace/"),
  });
  form.elements.identifier.readOnly = true;
  form.elements.password.focus();
}

function showRefusal({ view, uncertain = false }) {
  refused.write({ view, uncertain });
  // The link may have been used by our own first attempt, whose answer was lost.
  byId("maybe-set").hidden = !uncertain;
  const isKnown = view !== "link-unknown";
  byId("by-link").hidden = !isKnown;
  byId("by-identifier").hidden = isKnown;
  byId("new-link").hidden = false;
  showView(view);
  if (isKnown) renewing.startProof();
}

/** What the service says of the link; null if it does not say, and the form is there all the same. */
async function ask() {
  const waiting = () => {
    throw new NoAnswer();
  };
  const answer = await send("POST", "/api/link", JSON.stringify({ token }), { waiting }).catch(() => null);
  if (answer?.data.type === UNKNOWN) return { state: "unknown" };
  return answer?.status === 200 ? answer.data : null;
}

function showLink(link) {
  // What was sent meanwhile is answered better.
  if (!link || choosing.isSending || choosing.isDone) return;
  if (link.account === "exists") showExists(OVERTAKEN);
  else if (link.state !== "open") showRefusal({ view: `link-${link.state}` });
  else {
    const name = make("strong", {}, link.establishment_name);
    byId("for-establishment").replaceChildren("Pour l'établissement ", name, ".");
    if (link.purpose === "activation") byId("last-step").textContent = "Étape 4 sur 4";
  }
  if (link.purpose) opened.write(link);
}

const token = takeToken();
if (!isLoadedAgain()) refused.forget();
let opening = Promise.resolve(null);
enablePasswords();

const showAsked = () => showDone("link");
const asking = bindForm(byId("recover-password"), { url: "/api/recover/password", action: "recover", staysDone: true, onDone: showAsked });

// The link itself is who asks: it is known, though it is dead.
const renewing = bindForm(byId("renew-link"), {
  url: "/api/link/renew",
  action: "recover",
  fields: () => ({ token }),
  staysDone: true,
  onDone: showAsked,
  onRefused({ data }) {
    if (data.type === UNKNOWN) showRefusal({ view: "link-unknown" });
    return data.type === UNKNOWN;
  },
});

// Last: loaded again after a recovery, it puts the login in the place of the forms.
const choosing = bindForm(byId("set-password"), {
  url: "/api/set-password",
  staysDone: true,
  fields: (typed) => ({ token, ...typed }),
  onDone: ({ identifier }) => showSet(identifier),
  onRefused({ data, uncertain }) {
    if (data.type === "/problems/establishment-has-account") {
      showExists(data.detail ?? data.title);
      return true;
    }
    const view = REFUSAL_VIEWS[data.type];
    if (!view) return false;
    showRefusal({ view, uncertain });
    return true;
  },
});

const forms = [choosing, asking, renewing];
// Another link opened in this very tab changes the fragment only. The page that is loaded again finds
// the token in the address still, and takes it.
addEventListener("hashchange", () => {
  if (!findToken()) return;
  for (const form of forms) form.beginAnew();
  location.reload();
});

if (!forms.some((form) => form.isDone)) {
  if (refused.read()) showRefusal(refused.read());
  else if (!token) showRefusal({ view: "link-unknown" });
  else {
    opening = ask();
    opening.then(showLink);
  }
}
