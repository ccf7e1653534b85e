// Says on the page where the mail is: `#mail-state` is a live region, in which only news is written; `#mail-problem` is
// shown when the mail will not come.
import { byId } from "./dom.js";
import { follow } from "./following.js";
import { isLost, isNews, isOver, wordsOf } from "./mail-words.js";
import { place } from "./tab.js";

/** What was said last: a page that is loaded again begins with it. */
const last = place("mail-state");
let stopFollowing = () => {};

/** The mail is not spoken of any more. */
export function forgetMail() {
  stopFollowing();
  stopFollowing = () => {};
  say("");
}

/**
 * Follows the mail of that id, if there is one. `isNew`: it was asked for just now. `advice` is said besides when
 * it will not come, and then `onLost()` is called.
 */
export function showMail(id, { isNew = false, advice = "", onLost = () => {} } = {}) {
  forgetMail();
  if (!id) return;
  let before = null;
  const show = (mail) => {
    last.write({ ...mail, id });
    if (!isNews(mail, before)) return;
    before = mail;
    const text = wordsOf(mail);
    const lost = isLost(mail);
    say(text && lost ? `${text} ${advice}`.trim() : text, mail.state, lost);
    if (lost) onLost();
  };
  if (isNew) show({ state: "queued" });
  else if (last.read()?.id === id) show(last.read());
  if (!isOver(before)) stopFollowing = follow(id, show);
}

/** Something else about mails, in the same place: what is wrong with a domain. */
export function say(text, state = "", hasProblem = false) {
  const element = byId("mail-state");
  if (element.textContent !== text) element.textContent = text;
  element.dataset.state = state;
  byId("mail-problem").hidden = !hasProblem;
}
