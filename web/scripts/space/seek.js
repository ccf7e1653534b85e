// Goes through the pages of a list of mandates until enough is found. Pure: what asks the service is an argument.

/** Many pages may hold nothing of it: it goes on until there are as many, or it has asked so often. */
const FOUND_MIN = 20;
const QUESTIONS_MAX = 25;

/**
 * `ask(cursor)` gives a page, `{ mandates, next }`; `isSought` says of each mandate whether it is wanted. Gives
 * `{ found, next }`, where the list goes on if it does; null once `isWanted()` says that nobody waits for it any more.
 */
export async function seek({ ask, from, isSought, isWanted }) {
  const found = [];
  let next = from;
  for (let count = 0; count < QUESTIONS_MAX; count += 1) {
    if (!isWanted()) return null;
    const page = await ask(next);
    found.push(...page.mandates.filter(isSought));
    next = page.next;
    if (!next || found.length >= FOUND_MIN) break;
  }
  return isWanted() ? { found, next } : null;
}
