// Choosing a password, from the link of a mail, or from its code where the link cannot be opened. The link is used by
// sending the form, never by opening the page: mail scanners open every link. What it is good for is asked at once.
import { ownerOf, readCode } from "../code.js";
import { byId, make, showView } from "../dom.js";
import { showErrors } from "../errors.js";
import { showExists } from "../exists.js";
import { bindForm } from "../form.js";
import { forgetToken, onOtherLink, takeToken } from "../link-token.js";
import { enablePasswords } from "../passwords.js";
import { NoAnswer, send } from "../send.js";
import { rememberSession } from "../session.js";
import { isLoadedAgain, place } from "../tab.js";

const UNKNOWN = "/problems/link-unknown";
const REFUSAL_VIEWS = {
  "/problems/link-expired": "link-expired",
  "/problems/link-used": "link-used",
  "/problems/code-exhausted": "code-exhausted",
  [UNKNOWN]: "link-unknown",
};
const CODE_UNKNOWN = "/problems/code-unknown";
const WRONG_CODE =
  "Ce code n'est pas le bon, ou ne va pas avec cet identifiant ou ce SIRET. Votre saisie est conservée. " +
  "Au cinquième code faux, le code ne sert plus\u00a0; le lien du courriel, lui, marche toujours.";
const BY_CODE = "Vous avez reçu un courriel, mais son lien ne s'ouvre pas ici\u00a0? Recopiez le code qu'il donne.";
const OVERTAKEN = "Quelqu'un d'autre a ouvert le compte de votre établissement avant vous. Votre lien ne sert plus.";

/** What the service said of the link when it was opened. */
const opened = place("link-opened");
/** `{ view, uncertain }` once the link was refused: loaded again, the page says the same. */
const refused = place("link-refused");

/** `#done` has texts for each outcome; those of one of them are said. */
function showDone(outcome) {
  for (const text of byId("done").querySelectorAll(`[data-outcome]:not([data-outcome~=${outcome}])`)) text.remove();
  byId("new-link").hidden = true;
  showView("done");
}

/** After a recovery the login stands here, with the identifier; an activation has logged in already. */
async function showSet(identifier) {
  const purpose = opened.read()?.purpose ?? (await opening)?.purpose;
  forgetToken();
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
  // A code is no link that could be renewed.
  const isKnown = view !== "link-unknown" && Boolean(token);
  byId("by-link").hidden = !isKnown;
  byId("by-identifier").hidden = isKnown;
  byId("new-link").hidden = false;
  byId("have-code").hidden = false;
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

/** The form asks for a code in place of the link. */
function askCode() {
  byId("code-fields").hidden = false;
  byId("for-establishment").textContent = BY_CODE;
  byId("by-link").hidden = true;
  byId("by-identifier").hidden = false;
  byId("new-link").hidden = false;
  byId("have-code").hidden = true;
}

/** What opens the account: the link's token, or the code and whose it is. */
function opener({ code, identifier_or_siret: owner }) {
  return token ? { token } : { code: readCode(code) ?? code, ...ownerOf(owner) };
}

/** Another link than the one of which something is known. */
function forgetOpened() {
  refused.forget();
  opened.forget();
}

let token = takeToken(forgetOpened);
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
  fields: (typed) => ({ ...opener(typed), password: typed.password }),
  fieldNames: { identifier: "identifier_or_siret", siret: "identifier_or_siret" },
  onDone({ identifier }, typed) {
    // Whose code it was says what it was good for.
    // A page that is loaded again has typed nothing, and says what it said.
    if (typed && !token) {
      opened.write({ purpose: "siret" in ownerOf(typed.identifier_or_siret) ? "activation" : "recovery" });
      choosing.put({ code: "" });
    }
    showSet(identifier);
  },
  onRefused({ data, uncertain }) {
    if (data.type === "/problems/establishment-has-account") {
      showExists(data.detail ?? data.title);
      return true;
    }
    if (data.type === CODE_UNKNOWN) {
      showErrors(byId("set-password"), [{ field: "code", detail: WRONG_CODE }]);
      return true;
    }
    const view = REFUSAL_VIEWS[data.type];
    if (!view) return false;
    showRefusal({ view, uncertain });
    return true;
  },
});

const forms = [choosing, asking, renewing];
onOtherLink(() => forms.forEach((form) => form.beginAnew()));

if (!forms.some((form) => form.isDone)) {
  if (refused.read()) showRefusal(refused.read());
  else if (!token) askCode();
  else {
    opening = ask();
    opening.then(showLink);
  }
}

// A link that is cut or dead stands beside a code in the same mail, or in another.
// Gone where the page has begun with the login.
byId("enter-code")?.addEventListener("click", () => {
  token = null;
  forgetToken();
  forgetOpened();
  askCode();
  showView("choose");
});
