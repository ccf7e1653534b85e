// Keys of the desk: one letter each, never while something is typed, with a help by `?`, and a way to turn them off
// (WCAG 2.1.4): who speaks to their machine, or whose hand slips, would set them off.
import { byId, make } from "../dom.js";
import { fixSpaces } from "../french.js";

const KEY = "sesame:shortcuts";
const OFF = "off";

/** Kept in the browser, for this desk is where the agent works every day. */
const setting = {
  get isOff() {
    try {
      return localStorage.getItem(KEY) === OFF;
    } catch {
      return false;
    }
  },
  set isOff(isOff) {
    try {
      if (isOff) localStorage.setItem(KEY, OFF);
      else localStorage.removeItem(KEY);
    } catch {
      // As long as the page is, the box says otherwise: it is read again with the next page.
    }
  },
};

/** Where letters are text. A box or a button takes none. */
const takesText = (element) =>
  element.isContentEditable ||
  element.matches("textarea, select, input:not([type=checkbox]):not([type=radio]):not([type=button]):not([type=submit])");

/**
 * `keys` is `[[key, words, act], …]`, in the order of the help; without `act` it is the browser's own (Enter on a link).
 * `isActive()` says whether the page is there at all.
 */
export function enableShortcuts(keys, isActive) {
  const dialog = byId("shortcuts");
  const acts = new Map(keys.filter(([, , act]) => act).map(([key, , act]) => [key, act]));
  const rows = [...keys, ["?", "Afficher cette aide"], ["Échap", "Fermer cette aide"]];
  byId("shortcut-list").replaceChildren(...rows.map(([key, words]) => row(key, words)));

  const box = byId("shortcuts-on");
  box.checked = !setting.isOff;
  let isOff = setting.isOff;
  box.addEventListener("change", () => {
    isOff = !box.checked;
    setting.isOff = isOff;
  });

  const open = () => {
    if (dialog.open) return;
    // Browsers of early 2022 know the element, and not all of them how to put it above the page.
    if (dialog.showModal) dialog.showModal();
    else dialog.setAttribute("open", "");
    dialog.querySelector("h2").focus();
  };
  const close = () => (dialog.close ? dialog.close() : dialog.removeAttribute("open"));
  byId("open-shortcuts").addEventListener("click", open);
  byId("close-shortcuts").addEventListener("click", close);

  addEventListener("keydown", (event) => {
    const isPlain = !event.ctrlKey && !event.metaKey && !event.altKey && !event.isComposing;
    if (!isPlain || event.defaultPrevented || dialog.hasAttribute("open") || isOff || !isActive()) return;
    if (takesText(event.target)) return;
    const act = event.key === "?" ? open : acts.get(event.key.toLowerCase());
    if (!act) return;
    event.preventDefault();
    act();
  });
}

const row = (key, words) =>
  make("div", {}, make("dt", {}, make("kbd", {}, key)), make("dd", {}, fixSpaces(words)));
