// The person's own view of a request: where it stands, what was written, a message more. By the link of a mail, many
// times, without a login.
import { byId, make, readableSiret, showView } from "../dom.js";
import { wordsForPerson } from "../desk/succession-words.js";
import { fillThread } from "../desk/thread.js";
import { MOTIVES, REQUEST_STATES, momentOf, titleOfOwnEntry } from "../desk/words.js";
import { bindForm } from "../form.js";
import { fixSpaces, inParis } from "../french.js";
import { onOtherLink, takeToken } from "../link-token.js";
import { Progress } from "../progress.js";
import { send } from "../send.js";
import { fillRows } from "../space/items.js";

const URL_OF = "/api/request";
const VIEWS = { "/problems/link-unknown": "link-unknown", "/problems/link-expired": "link-expired" };
const NEXT = {
  waiting: "Une personne vous répond par courriel ou par téléphone. N'envoyez pas la même demande deux fois : cela n'avance pas la réponse.",
  answered: "La réponse est ci-dessous, et dans le courriel que vous avez reçu. Elle ne suffit pas ? Ajoutez un message.",
  closed: "Vous n'avez rien à faire. Un message de votre part la rouvre.",
};

const token = takeToken();
const progress = new Progress(byId("progress"), { kept: "", cancel: "Annuler l'attente" });

function fill(request) {
  const { reference, motive, siret, state, description, created_at: at, thread, succession } = request;
  byId("reference").textContent = reference;
  byId("request-state").textContent = REQUEST_STATES[state] ?? state;
  byId("request-state").dataset.state = state;
  byId("next").textContent = fixSpaces(NEXT[state] ?? "");
  fillRows(byId("rows"), [
    ["Reçue", `${momentOf(at)} (heure de Paris)`],
    ["Motif", MOTIVES[motive] ?? motive],
    ["Établissement", request.establishment_name],
    ["SIRET", make("span", { class: "app-counted" }, readableSiret(siret))],
  ]);
  const asked = { by: "me", kind: "message", text: description, at };
  fillThread(byId("thread"), [asked, ...thread], titleOfOwnEntry);
  byId("succession").hidden = !succession;
  if (succession) {
    const [title, text] = wordsForPerson(succession);
    byId("succession-title").textContent = title;
    byId("succession-text").textContent = text;
  }
  byId("close-place").hidden = state === "closed";
  byId("valid").textContent = fixSpaces(
    `Le lien de cette page sert jusqu'au ${inParis(request.valid_until)} (heure de Paris). Ne le transmettez pas : qui l'a lit votre demande.`,
  );
}

/** The link has ended while somebody was writing: what was written can be copied still. */
function showRefused(view, typed = "") {
  byId("kept-place").hidden = !typed;
  byId("kept-text").replaceChildren(...(typed ? [make("div", { class: "app-said" }, typed)] : []));
  showView(view);
}

/** What is typed is kept by the request's reference: another link may be opened in this very tab. */
function bindForms(of) {
  const bind = (id, what, said) => {
    const form = bindForm(byId(id), {
      of,
      url: `${URL_OF}/${what}`,
      fields: ({ text }) => (text === undefined ? { token } : { token, text }),
      onDone(data) {
        form.empty();
        fill(data);
        byId("thread-title").focus();
        byId("news").textContent = said;
      },
      onRefused({ data }) {
        const view = VIEWS[data.type];
        if (view) showRefused(view, byId("text").value.trim());
        return Boolean(view);
      },
    });
    return form;
  };
  bind("add-message", "message", "Votre message est enregistré : l'assistance le lit dans la même demande.");
  bind("close-request", "close", "Votre demande est fermée.");
}

async function load() {
  if (!token) return showView("link-unknown");
  const body = JSON.stringify({ token });
  const answer = await send("POST", URL_OF, body, progress.begin("Chargement en cours…")).catch(() => null);
  progress.clear();
  const view = VIEWS[answer?.data.type];
  if (view) return showRefused(view);
  if (answer?.status !== 200) return showView("no-answer");
  bindForms(answer.data.reference);
  fill(answer.data);
  showView("request");
}

onOtherLink(() => {});
byId("retry").addEventListener("click", () => location.reload());
// Not awaited: the page is ready when it says what it waits for.
load();
