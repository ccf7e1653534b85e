// «Toujours là ?»: a holder's answer, from the link of a mail. It is given by sending the form, never by opening the
// page: mail scanners open every link.
import { byId, showView } from "../dom.js";
import { bindForm } from "../form.js";
import { inParis } from "../french.js";
import { isLoadedAgain, place } from "../tab.js";

const REFUSAL_VIEWS = {
  "/problems/link-expired": "link-expired",
  "/problems/link-unknown": "link-unknown",
};

const kept = place("presence-token");
/** The view of a link that was refused: loaded again, the page says the same. */
const refused = place("presence-refused");

/** The token in the address, if there is one: the skip link writes a fragment too, an element's id. */
function findToken() {
  const fragment = location.hash.slice(1);
  return byId(fragment) ? "" : fragment;
}

/** The token, taken out of the address, so that neither the history nor a shared screen shows it. */
function takeToken() {
  const found = findToken();
  if (!found) return kept.read();
  history.replaceState(null, "", location.pathname);
  refused.forget();
  kept.write(found);
  return found;
}

function showRefusal(view) {
  refused.write(view);
  showView(view);
}

const token = takeToken();
if (!isLoadedAgain()) refused.forget();

const answering = bindForm(byId("still-there"), {
  url: "/api/presence",
  isRepeatable: true,
  staysDone: true,
  fields: () => ({ token }),
  onDone(answer) {
    byId("establishment").textContent = answer.establishment_name;
    // The day alone: `27 novembre 2027 à 10 h 42`.
    byId("next-day").textContent = inParis(answer.next_at).split(" à ")[0];
    showView("done");
  },
  onRefused({ data }) {
    const view = REFUSAL_VIEWS[data.type];
    if (view) showRefusal(view);
    return Boolean(view);
  },
});

// Another link opened in this very tab changes the fragment only. The page that is loaded again finds the token in
// the address still, and takes it.
addEventListener("hashchange", () => {
  if (!findToken()) return;
  answering.beginAnew();
  location.reload();
});

if (!answering.isDone) {
  if (refused.read()) showView(refused.read());
  else if (!token) showView("link-unknown");
}
