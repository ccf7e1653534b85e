// What is kept in this tab across a reload, and forgotten with the tab. Never a password.

const PREFIX = "sesame:";

/**
 * A named place in the tab's storage. Without storage (forbidden, full) it is kept as long as the page
 * is: the page must go on by it, though a reload then forgets.
 */
export function place(name) {
  const key = PREFIX + name;
  let here = null;
  return {
    read() {
      try {
        return here ?? JSON.parse(sessionStorage.getItem(key));
      } catch {
        return null;
      }
    },
    write(value) {
      here = value;
      try {
        sessionStorage.setItem(key, JSON.stringify(value));
      } catch {
        // Kept here only.
      }
    },
    forget() {
      here = null;
      try {
        sessionStorage.removeItem(key);
      } catch {
        // Nothing was kept.
      }
    },
  };
}

/** Nothing of this site is kept in the tab any more: the next person may be another. */
export function clearTab() {
  try {
    for (const key of Object.keys(sessionStorage)) if (key.startsWith(PREFIX)) sessionStorage.removeItem(key);
  } catch {
    // Nothing was kept.
  }
}

const resumed = place("resumed");
/** A page left a link back to this one, to be found as it was left. */
const isResumed = resumed.read() === location.pathname;
resumed.forget();

/** The page of that path, which is loaded next, is as it was left. */
export const resume = (path) => resumed.write(path);

/** Whether the person had this page before, and comes back to it by "reload", "back", "forward" or such a link. */
export const isLoadedAgain = () =>
  isResumed || ["reload", "back_forward"].includes(performance.getEntriesByType("navigation")[0]?.type);

const handover = place("handover");

/**
 * Makes the links of `root` that bear `data-hand-over` leave its values, and `fields`, for the form of
 * the page they lead to: never in the address, which logs and histories keep. `fields` may be a function, which
 * gives what they are at the click.
 */
export function enableHandOver(root, fields = {}) {
  for (const link of root.querySelectorAll("[data-hand-over]")) {
    link.addEventListener("click", (event) => {
      // Opened in another tab, which has a storage of its own, it would be left for a page of this one.
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      const known = typeof fields === "function" ? fields() : fields;
      handover.write({ ...known, ...JSON.parse(link.dataset.handOver) });
    });
  }
}

/** Takes what an earlier page left, once. */
export function takeOver() {
  const fields = handover.read() ?? {};
  handover.forget();
  return fields;
}
