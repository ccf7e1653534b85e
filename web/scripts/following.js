// Asks where a mail is until it has come, or cannot: slower and slower, never from a hidden tab, and in silence.
// What is not answered is asked later; nobody is alarmed. It does not ask without end, and tells that it has stopped.
import { isOver as isEnd } from "./mail-words.js";
import { delaySeconds, send } from "./send.js";

const PAUSE_SECONDS_MIN = 2;
const PAUSE_SECONDS_MAX = 60;
const PAUSE_FACTOR = 1.2;
/** No server may ask for more than this. */
const ASKED_SECONDS_MAX = 600;
const QUESTIONS_MAX = 60;
const FOLLOWED_MINUTES_MAX = 30;

/**
 * Calls `show(mail)` with each answer about the mail of that id, and `giveUp()` if it asks no more while the mail may
 * still come. Gives what stops it.
 */
export function follow(id, show, giveUp) {
  const begun = Date.now();
  const stopping = new AbortController();
  let questions = 0;
  let isAsking = false;
  let timer = null;
  let due = begun + PAUSE_SECONDS_MIN * 1000;

  /** A hidden tab waits; what was due meanwhile is asked when it comes back. */
  const schedule = () => {
    clearTimeout(timer);
    if (isAsking || document.hidden || stopping.signal.aborted) return;
    timer = setTimeout(ask, Math.max(due - Date.now(), 0));
  };

  const stop = () => {
    clearTimeout(timer);
    document.removeEventListener("visibilitychange", schedule);
    stopping.abort();
  };

  async function ask() {
    isAsking = true;
    questions += 1;
    const { mail, seconds, isOver } = await askOnce(id, stopping.signal);
    isAsking = false;
    if (stopping.signal.aborted) return;
    due = Date.now() + Math.max(seconds ?? 0, ownPauseSeconds(questions)) * 1000;
    const isLast = isOver || questions === QUESTIONS_MAX || due > begun + FOLLOWED_MINUTES_MAX * 60_000;
    if (isLast || isEnd(mail)) stop();
    else schedule();
    if (mail) show(mail);
    if (isLast && !isEnd(mail)) giveUp();
  }

  document.addEventListener("visibilitychange", schedule);
  schedule();
  return stop;
}

/** What it waits by itself after so many questions, whatever the server says. */
const ownPauseSeconds = (questions) => Math.min(PAUSE_SECONDS_MIN * PAUSE_FACTOR ** questions, PAUSE_SECONDS_MAX);

/** `{ mail, seconds }`, `{ seconds }` when it is to be asked later, `{ isOver }` when no answer will ever come. */
async function askOnce(id, signal) {
  try {
    const { status, data, retryAfter } = await send("GET", `/api/mail/${encodeURIComponent(id)}`, undefined, { waiting: later, signal });
    if (status === 200) return { mail: data, seconds: Math.min(Number(data.look_again_seconds) || 0, ASKED_SECONDS_MAX) };
    return status === 429 || status >= 500 ? { seconds: delaySeconds(1, retryAfter) } : { isOver: true };
  } catch ({ seconds }) {
    return { seconds };
  }
}

/** One attempt a question; it says how long whoever refused wants to be left alone. */
const later = (_, seconds) => {
  throw Object.assign(new Error("asked later"), { seconds });
};
