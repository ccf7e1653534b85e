// Asks until it is answered, for the day when everybody comes at once: it waits as long as the server
// asks (Retry-After), never in step with the others (jitter), and says so.

const TIMEOUT_SECONDS = 20;
/** A file may be long, and the line slow. */
const FILE_TIMEOUT_SECONDS = 180;
/** When nobody has answered so many times in a row, the service is down, or this machine is off line. */
const SILENCES_MAX = 8;
/** Refused for now, it comes back for that long; then it is for the person to say. */
const REFUSED_MINUTES_MAX = 30;
const BACKOFF_SECONDS_FIRST = 2;
const BACKOFF_SECONDS_MAX = 60;
/** No server may ask for more than this. */
const RETRY_AFTER_SECONDS_MAX = 600;

const OVERLOADED = "Le service est très demandé en ce moment.";
export const UNREACHABLE = "Le service n'a pas répondu.";

/** The person stopped it. `uncertain` is said below. */
export class Cancelled extends Error {}

/** Every attempt failed: nobody answered, or, if `isOverloaded`, the last was refused for now. */
export class NoAnswer extends Error {
  constructor(isOverloaded = false) {
    super(isOverloaded ? "refused for now, all the time" : "no answer");
    this.isOverloaded = isOverloaded;
  }
}

/**
 * Sends `body` (text, already JSON) and returns `{ status, data, uncertain }`; `uncertain` says that an
 * earlier attempt was sent and not answered, so that it may have been carried out. What it throws bears
 * it too. `waiting` is that of `insist`; `signal` stops it at any time. `file` is the media type of an answer
 * that is taken as it came, as `{ text }`.
 */
export async function send(method, url, body, { waiting, signal, file }) {
  let uncertain = false;
  const attempt = async () => {
    const before = uncertain;
    uncertain = method !== "GET";
    const answer = await attemptOnce(method, url, body, { stopped: signal, file });
    if (answer && !isTemporary(answer)) return { ...answer, uncertain: before };
    // This one answer means for sure that nothing was done.
    if (answer?.status === 429) uncertain = before;
    return answer;
  };
  try {
    return await insist(attempt, waiting);
  } catch (error) {
    throw Object.assign(error, { uncertain });
  }
}

/**
 * Calls `attempt` until it gives something else than null, when nobody answered, or a refusal that is
 * for now only. `waiting(reason, seconds)` is awaited between two attempts; it throws to stop.
 */
export async function insist(attempt, waiting) {
  const begun = Date.now();
  for (let count = 1, silences = 0; ; count += 1) {
    const answer = await attempt();
    if (answer && !isTemporary(answer)) return answer;
    silences = answer ? 0 : silences + 1;
    const isRefusedTooLong = Date.now() - begun >= REFUSED_MINUTES_MAX * 60_000;
    if (answer ? isRefusedTooLong : silences === SILENCES_MAX) throw new NoAnswer(answer !== null);
    await waiting(answer ? OVERLOADED : UNREACHABLE, delaySeconds(count, answer?.retryAfter));
  }
}

/** What `work` gives; null if it fails, or takes longer than an answer may. */
export function within(work) {
  return new Promise((resolve) => {
    setTimeout(resolve, TIMEOUT_SECONDS * 1000, null);
    work.then(resolve, () => resolve(null));
  });
}

/** What `work` gives, unless it is stopped before; then it goes on unheard. */
export function unlessStopped(work, signal) {
  const stopped = new Promise((_, reject) => signal.addEventListener("abort", () => reject(new Cancelled())));
  return Promise.race([work, stopped]);
}

/**
 * Nobody behind the gateway, or too many requests. A 429 or 500 that bears a problem's type is our own
 * answer (too many attempts, a failure), which waiting would not mend; one without is the firewall's or
 * the gateway's, or Lambda's, which has no room for the request.
 */
const isTemporary = ({ status, data }) => [502, 503, 504].includes(status) || ([429, 500].includes(status) && !data?.type);

async function attemptOnce(method, url, body, { stopped, file }) {
  const ending = new AbortController();
  const end = () => ending.abort();
  const timer = setTimeout(end, (file ? FILE_TIMEOUT_SECONDS : TIMEOUT_SECONDS) * 1000);
  stopped?.addEventListener("abort", end);
  try {
    const response = await fetch(url, {
      method,
      body,
      headers: body ? { "Content-Type": "application/json" } : {},
      signal: ending.signal,
    });
    const type = response.headers.get("Content-Type") ?? "";
    const text = await response.text();
    const data = response.status === 204 ? {} : file && response.ok ? asFile(text, type, file) : parse(text);
    // Half an answer is none, and a page that a network puts in its place is no success.
    if (!data && (type.includes("json") || response.ok)) return null;
    return { status: response.status, data: data ?? {}, retryAfter: response.headers.get("Retry-After") };
  } catch {
    if (stopped?.aborted) throw new Cancelled();
    return null;
  } finally {
    clearTimeout(timer);
    stopped?.removeEventListener("abort", end);
  }
}

const asFile = (text, type, file) => (type.startsWith(file) ? { text } : null);

/** Null if it is no JSON object. */
function parse(text) {
  try {
    const data = JSON.parse(text);
    return typeof data === "object" ? data : null;
  } catch {
    return null;
  }
}

/**
 * At least what the server asks, and then as much as half of it more, at random: those who were
 * refused together must not come back together. Never rounded, for the same reason.
 */
export function delaySeconds(count, retryAfter) {
  const backoff = Math.min(BACKOFF_SECONDS_FIRST * 2 ** (count - 1), BACKOFF_SECONDS_MAX);
  const asked = inSeconds(retryAfter);
  return Math.max(asked, backoff / 2) + (Math.random() * Math.max(asked, backoff)) / 2;
}

/** A Retry-After in seconds, given so or as a date; 0 if it says nothing that we understand. */
function inSeconds(retryAfter) {
  const isNumber = /^\d+$/.test(retryAfter ?? "");
  const seconds = isNumber ? Number(retryAfter) : (Date.parse(retryAfter) - Date.now()) / 1000;
  return Math.min(Math.max(seconds || 0, 0), RETRY_AFTER_SECONDS_MAX);
}
