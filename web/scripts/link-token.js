// The token of a link's fragment: taken out of the address, so that neither the history nor a shared screen shows it.
import { byId } from "./dom.js";
import { place } from "./tab.js";

const kept = place("link-token");

/** The token in the address, if there is one: the skip link writes a fragment too, an element's id. */
function findToken() {
  const fragment = location.hash.slice(1);
  return byId(fragment) ? "" : fragment;
}

/** The token that has just come, or the one that this page had before it was loaded again; `onNew()` if it is new. */
export function takeToken(onNew = () => {}) {
  const token = findToken();
  const before = kept.read();
  if (!token) return before?.page === location.pathname ? before.token : null;
  history.replaceState(null, "", location.pathname);
  onNew();
  kept.write({ page: location.pathname, token });
  return token;
}

export const forgetToken = () => kept.forget();

/**
 * Another link opened in this very tab changes the fragment only. The page that is loaded again finds the token in the
 * address still, and takes it; `leave()` is called before.
 */
export function onOtherLink(leave) {
  addEventListener("hashchange", () => {
    if (!findToken()) return;
    leave();
    location.reload();
  });
}
