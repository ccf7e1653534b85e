// Choosing a password, from the link of a mail. The link is used by sending the form, never by
// opening the page: mail scanners open every link.
import { byId, showView } from "../dom.js";
import { showExists } from "../exists.js";
import { bindForm } from "../form.js";
import { enablePasswords } from "../passwords.js";
import { enableHandOver, isLoadedAgain, place } from "../tab.js";

const REFUSAL_VIEWS = {
  "/problems/link-expired": "link-expired",
  "/problems/link-used": "link-used",
  "/problems/link-unknown": "link-unknown",
};

const kept = place("link-token");
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
  kept.write(token);
  return token;
}

/** `#done` has a text for the password and one for the new link; one of them is said. */
function showDone(outcome) {
  for (const text of byId("done").querySelectorAll(`[data-outcome]:not([data-outcome=${outcome}])`)) text.remove();
  showView("done");
}

function showRefusal({ view, uncertain }) {
  kept.forget();
  refused.write({ view, uncertain });
  // The link may have been used by our own first attempt, whose answer was lost.
  byId("maybe-set").hidden = !uncertain;
  showView(view);
  byId("new-link").hidden = false;
}

const token = takeToken();
enablePasswords();

const choosing = bindForm(byId("set-password"), {
  url: "/api/set-password",
  staysDone: true,
  fields: (typed) => ({ token, ...typed }),
  onDone({ identifier }) {
    kept.forget();
    byId("identifier-value").textContent = identifier;
    enableHandOver(byId("done"), { identifier });
    showDone("password");
  },
  onRefused({ data, uncertain }) {
    if (data.type === "/problems/establishment-has-account") {
      kept.forget();
      showExists(data.detail ?? data.title);
      return true;
    }
    const view = REFUSAL_VIEWS[data.type];
    if (!view) return false;
    showRefusal({ view, uncertain });
    return true;
  },
});

const asking = bindForm(byId("recover-password"), {
  url: "/api/recover/password",
  action: "recover",
  staysDone: true,
  onDone() {
    byId("new-link").hidden = true;
    showDone("link");
  },
});

// Another link opened in this very tab changes the fragment only. The page that is loaded again finds
// the token in the address still, and takes it.
addEventListener("hashchange", () => {
  if (!findToken()) return;
  choosing.beginAnew();
  asking.beginAnew();
  location.reload();
});

if (!isLoadedAgain()) refused.forget();
if (!token && !choosing.isDone && !asking.isDone) showRefusal(refused.read() ?? { view: "link-unknown" });
