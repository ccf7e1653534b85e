// Asks before something is done that others feel, says what happens, and does it once it is confirmed.
import { clearErrors } from "../errors.js";
import { byId, make } from "../dom.js";
import { fixSpaces } from "../french.js";

/**
 * Adds the view `confirm` to a page, entered with `{ what }` and more. `questions[what](args)` gives null when there
 * is nothing to ask any more, or:
 * - `title`, `texts`, `button`: what is said;
 * - `method`, `url`, `body`: what is sent;
 * - `done`: what is said of it afterwards; `maybeDone`: the same when the answer was lost, and the next attempt was
 *   refused because of what the first had done;
 * - `onDone()`: in place of going back; `onRefused(answer)`: as of a form.
 */
export function bindConfirm(space, questions) {
  const element = byId("confirm-change");
  let question = null;

  const form = space.bind("confirm-change", {
    method: () => question.method,
    url: () => question.url,
    fields: () => question.body ?? {},
    onDone() {
      if (question.onDone) return question.onDone();
      space.leave(question.done);
      space.reload();
    },
    onRefused: (answer) => question.onRefused?.(answer, form) ?? isMaybeDone(answer),
  });

  function isMaybeDone({ status, uncertain }) {
    if (!uncertain || !question.maybeDone || ![403, 404].includes(status)) return false;
    space.leave(`La réponse à votre envoi s'est perdue : ${question.maybeDone}`);
    space.reload();
    return true;
  }

  space.views.confirm = (args) => {
    const asked = questions[args.what]?.(args);
    if (!asked) return false;
    question = asked;
    byId("confirm-title").textContent = fixSpaces(asked.title);
    byId("confirm-text").replaceChildren(...asked.texts.map((text) => make("p", {}, fixSpaces(text))));
    clearErrors(element);
    form.progress.clear();
    element.querySelector("[type=submit]").textContent = asked.button;
    return true;
  };
}
