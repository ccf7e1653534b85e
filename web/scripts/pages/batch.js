// Offering a mandate to a list of clients, from a file or pasted.
import { byId } from "../dom.js";
import { showErrors } from "../errors.js";
import { fixSpaces } from "../french.js";
import { Batch } from "../space/batch.js";
import { LINES_MAX, LIST_BYTES_MAX, decode, piecesOf } from "../space/pieces.js";
import { openSpace } from "../space/shell.js";
import { TERM_NAMES, missingTerms, refusesText, showText, termsOf, usualTerm } from "../space/terms.js";

const TOO_LARGE = "Ce fichier dépasse 1 Mo : ne gardez que la colonne des SIRET.";
const UNREADABLE = "Ce fichier n'a pas pu être lu : collez la liste ci-dessous.";
const NO_LINE = "Cette liste n'a aucune ligne avec un SIRET.";
const TOO_MANY = "5 000 lignes au plus : coupez la liste en plusieurs.";

const space = openSpace({ main: "list", needsEstablishment: true, show, views: { batch: () => batch.isThere } });

const form = space.bind("offer-many", {
  prefill: usualTerm(),
  fieldNames: { ...TERM_NAMES, list: "list_text" },
  missing(typed) {
    const count = typed.list.trim() ? piecesOf(typed.list).count : 1;
    const fault = count === 0 ? NO_LINE : count > LINES_MAX ? TOO_MANY : null;
    return [...(fault ? [{ field: "list_text", detail: fault }] : []), ...missingTerms(typed)];
  },
  async onSubmit(typed) {
    await batch.begin({ siret: space.establishment.siret, ...termsOf(typed), list: typed.list });
    space.enter("batch");
  },
});

const batch = new Batch(space, {
  onRefused(answer) {
    space.leave("", () => {
      if (!refusesText(space, answer, form) && !space.refuses(answer, form)) form.showRefusal(answer);
    });
  },
});

function show() {
  byId("for-members").hidden = space.isHolder || space.isSuspended;
  byId("for-holders").hidden = !space.isHolder;
  if (batch.isThere) batch.show();
  else byId("unfinished").hidden = true;
  if (space.isHolder) showText(space);
}

async function takeFile(file) {
  if (!file) return;
  const status = byId("file-status");
  if (file.size > LIST_BYTES_MAX) return showErrors(byId("offer-many"), [{ field: "file", detail: TOO_LARGE }]);
  try {
    const text = decode(await file.arrayBuffer());
    const { count } = piecesOf(text);
    form.put({ list: text });
    status.textContent = `${file.name}\u00a0: ${count} ligne${count > 1 ? "s" : ""}.`;
  } catch {
    status.textContent = fixSpaces(UNREADABLE);
  }
}

byId("file").addEventListener("change", ({ target }) => takeFile(target.files[0]));
byId("open-batch").addEventListener("click", () => space.enter("batch"));
