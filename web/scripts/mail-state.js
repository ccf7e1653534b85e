// Says on the page where the mail is: `#mail-state` is a live region, in which only news is written; `#mail-problem` is
// shown when the mail will not come, or is not followed any more.
import { byId } from "./dom.js";
import { follow } from "./following.js";
import { isLost, isNews, isOver, wordsOf, wordsOfStop } from "./mail-words.js";
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
 * Follows the mail of that id, if there is one. `isNew`: it was asked for just now. `advise(what)` gives what is said
 * besides: of what the service advises when the mail will not come (`correct-address`, `try-later`, `ask-for-help`),
 * and when it is not followed any more (`stopped`). `onWrongAddress()` is called when the address is to be corrected.
 */
export function showMail(id, { isNew = false, advise = () => "", onWrongAddress = () => {} } = {}) {
  forgetMail();
  if (!id) return;
  let before = null;
  const show = (mail) => {
    last.write({ ...mail, id });
    if (!isNews(mail, before)) return;
    before = mail;
    const lost = isLost(mail);
    say(lost ? `${wordsOf(mail)} ${advise(mail.advice) ?? ""}`.trim() : wordsOf(mail), mail.state, lost);
    if (lost && mail.advice === "correct-address") onWrongAddress();
  };
  const giveUp = () => say(`${wordsOfStop(before)} ${advise("stopped")}`.trim(), before?.state, true);
  if (isNew) show({ state: "queued" });
  else if (last.read()?.id === id) show(last.read());
  if (!isOver(before)) stopFollowing = follow(id, show, giveUp);
}

/** Something else about mails, in the same place: what is wrong with a domain. */
export function say(text, state = "", hasProblem = false) {
  const element = byId("mail-state");
  if (element.textContent !== text) element.textContent = text;
  element.dataset.state = state;
  byId("mail-problem").hidden = !hasProblem;
}
