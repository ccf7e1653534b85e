// Somebody contests a succession, from the link of a notice: by one click, never by opening the page, since mail
// scanners open every link.
import { byId, readableSiret, showView } from "../dom.js";
import { bindForm } from "../form.js";
import { fixSpaces, inParis } from "../french.js";
import { onOtherLink, takeToken } from "../link-token.js";
import { enableHandOver, isLoadedAgain, place } from "../tab.js";

const UNKNOWN = ["/problems/link-unknown", "/problems/link-expired"];
const LATE = "/problems/succession-state";

/** What a link that serves no more was answered: loaded again, the page says the same. */
const refused = place("contest-refused");
const token = takeToken(() => refused.forget());
if (!isLoadedAgain()) refused.forget();

function showRefusal({ view, text }) {
  if (text) byId("too-late-text").textContent = fixSpaces(text);
  showView(view);
}

const contesting = bindForm(byId("contest"), {
  url: "/api/contest",
  isRepeatable: true,
  staysDone: true,
  fields: () => ({ token }),
  onDone({ siret, establishment_name: name, contested_at: at }) {
    byId("establishment").textContent = name;
    byId("siret").textContent = readableSiret(siret);
    byId("contested-at").textContent = inParis(at);
    enableHandOver(byId("done"), { siret, establishment_name: name });
    showView("done");
  },
  onRefused({ data }) {
    const isLate = data.type === LATE;
    if (!isLate && !UNKNOWN.includes(data.type)) return false;
    const text = [data.title, data.detail].filter(Boolean).join(". ");
    const found = isLate ? { view: "too-late", text } : { view: "link-unknown" };
    refused.write(found);
    showRefusal(found);
    return true;
  },
});
for (const view of ["too-late", "link-unknown"]) enableHandOver(byId(view));
onOtherLink(() => contesting.beginAnew());

if (!contesting.isDone) {
  if (refused.read()) showRefusal(refused.read());
  else if (!token) showView("link-unknown");
}
