// The journal of an establishment, to be downloaded.
import { byId } from "../dom.js";
import { bindDownload } from "../space/download.js";
import { openSpace } from "../space/shell.js";
import { nameOf, nextOf } from "../space/volumes.js";

const space = openSpace({
  main: "journal",
  needsEstablishment: true,
  show() {
    byId("for-holders").hidden = !space.isHolder;
    byId("for-members").hidden = space.isHolder;
    byId("journal-status").replaceChildren();
  },
});

bindDownload(space, "download-journal", {
  status: "journal-status",
  url: () => `/api/space/journal?siret=${space.establishment.siret}`,
  type: "text/plain",
  name: nameOf,
  next: nextOf,
});
