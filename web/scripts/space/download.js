// A file of the service, given to the person once it has come whole: on the worst day that takes a few attempts.
import { byId, make } from "../dom.js";
import { NoAnswer } from "../send.js";

const SILENT = "Le service ne répond pas. Réessayez dans quelques minutes.";

/** Addresses of files that were made before: each keeps its file in memory. */
const made = new Map();

/** Offers `text` as a file: in place of the link that `place` shows, if it shows one. Begins the download. */
export function offer(place, { text, type, name }) {
  URL.revokeObjectURL(made.get(place));
  const href = URL.createObjectURL(new Blob([text], { type }));
  made.set(place, href);
  const link = make("a", { class: "govuk-link", href, download: name }, `Enregistrer ${name}`);
  place.replaceChildren("Votre fichier est prêt. ", link);
  link.click();
}

/**
 * Ties the button of that id to the file of `url()`, of that media type, saved as `name()`; what becomes of it is
 * said in the element of the id `status`.
 */
export function bindDownload(space, id, { status, url, type, name }) {
  const button = byId(id);
  const place = byId(status);
  let isAsking = false;
  button.addEventListener("click", async () => {
    if (isAsking) return;
    isAsking = true;
    place.replaceChildren();
    button.setAttribute("aria-busy", "true");
    try {
      const answer = await space.ask("GET", url(), { doing: "Préparation du fichier…", file: type, near: place });
      if (answer.status === 200) offer(place, { text: answer.data.text, type, name: name() });
      else if (answer.status === 401) space.askLogin();
      else place.textContent = answer.data.title ?? "Le service a refusé la demande.";
    } catch (error) {
      place.textContent = error instanceof NoAnswer ? SILENT : "L'attente est arrêtée.";
    }
    button.removeAttribute("aria-busy");
    isAsking = false;
  });
}
