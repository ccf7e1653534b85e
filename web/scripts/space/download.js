// A file of the service, given to the person once it has come whole: on the worst day that takes a few attempts.
import { byId, make } from "../dom.js";
import { NoAnswer } from "../send.js";

const SILENT = "Le service ne répond pas. Réessayez dans quelques minutes.";

const PREPARING = "Préparation du fichier…";
const READY = "Votre fichier est prêt. ";
const READY_IN_PARTS = "Gardez ensemble tous ces fichiers. ";
const INCOMPLETE = " Il manque la suite : téléchargez de nouveau.";

/** Addresses of files that were made before: each keeps its file in memory. */
const made = new Map();

/** Offers `text` as a file: in place of the links that `place` shows, if it shows some. Begins the download. */
export function offer(place, file, said = READY) {
  withdraw(place);
  place.append(said);
  offerMore(place, file);
}

/** Offers another file beside those that `place` shows. */
function offerMore(place, { text, type, name }) {
  const href = URL.createObjectURL(new Blob([text], { type }));
  if (made.has(place)) place.append(", ");
  made.set(place, [...(made.get(place) ?? []), href]);
  const link = make("a", { class: "govuk-link", href, download: name }, `Enregistrer ${name}`);
  place.append(link);
  link.click();
}

function withdraw(place) {
  made.get(place)?.forEach((href) => URL.revokeObjectURL(href));
  made.delete(place);
  place.replaceChildren();
}

/**
 * Ties the button of that id to the file of `url()`, of that media type, saved as `name(text)`; what becomes of it is
 * said in the element of the id `status`. `next(text)` gives what is asked for after it, as `{ url, doing }`, or null
 * when all has come.
 */
export function bindDownload(space, id, { status, url, type, name, next = () => null }) {
  const button = byId(id);
  const place = byId(status);
  let isAsking = false;
  button.addEventListener("click", async () => {
    if (isAsking) return;
    isAsking = true;
    withdraw(place);
    button.setAttribute("aria-busy", "true");
    // What has come stays, and that it is not all is said.
    const fail = (said) => place.append(made.has(place) ? `. ${said}${INCOMPLETE}` : said);
    try {
      for (let part = { url: url(), doing: PREPARING }; part; ) {
        const answer = await space.ask("GET", part.url, { doing: part.doing, file: type, near: place });
        if (answer.status !== 200) {
          if (answer.status === 401) space.askLogin();
          else fail(answer.data.title ?? "Le service a refusé la demande.");
          break;
        }
        const { text } = answer.data;
        const file = { text, type, name: name(text) };
        part = next(text);
        if (made.has(place)) offerMore(place, file);
        else offer(place, file, part ? READY_IN_PARTS : READY);
      }
    } catch (error) {
      fail(error instanceof NoAnswer ? SILENT : "L'attente est arrêtée.");
    }
    button.removeAttribute("aria-busy");
    isAsking = false;
  });
}
