// Sends one request until it is answered, for the day when everybody comes at once: it waits as
// long as the server asks (Retry-After), never in step with the others (jitter), and says so.

const TIMEOUT_SECONDS = 20;
const ATTEMPTS_MAX = 8;
const BACKOFF_SECONDS_FIRST = 2;
const BACKOFF_SECONDS_MAX = 60;
/** No server may make a page wait longer than this without asking the person again. */
const RETRY_AFTER_SECONDS_MAX = 600;

const OVERLOADED = "Le service est très demandé en ce moment.";
const UNREACHABLE = "Le service n'a pas répondu.";

export class Cancelled extends Error {}

/** Every attempt failed: the service is down, or this machine is off line. */
export class NoAnswer extends Error {}

/**
 * Sends `body` (text, already JSON) and returns `{ status, data, uncertain }`; `uncertain` says that an
 * earlier attempt was sent and not answered, so that it may have been carried out.
 * `waiting(reason, seconds)` is awaited between two attempts; it throws `Cancelled` to stop.
 */
export async function send(method, url, body, waiting) {
  let uncertain = false;
  for (let attempt = 1; ; attempt += 1) {
    const answer = await attemptOnce(method, url, body);
    if (answer && !isTemporary(answer.status)) return { ...answer, uncertain };
    uncertain ||= !answer || answer.status !== 429;
    if (attempt === ATTEMPTS_MAX) throw new NoAnswer();
    await waiting(answer ? OVERLOADED : UNREACHABLE, delaySeconds(attempt, answer?.retryAfter));
  }
}

/** Too many requests, or nobody behind the door. A 500 is an answer: waiting would not mend it. */
const isTemporary = (status) => [429, 502, 503, 504].includes(status);

async function attemptOnce(method, url, body) {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), TIMEOUT_SECONDS * 1000);
  try {
    const response = await fetch(url, {
      method,
      body,
      headers: body ? { "Content-Type": "application/json" } : {},
      signal: late.signal,
    });
    const data = response.status === 204 ? {} : parse(await response.text());
    // Half an answer is none, and a page that a network puts in its place is no success.
    const isJson = response.headers.get("Content-Type")?.includes("json");
    if (!data && (isJson || response.ok)) return null;
    return { status: response.status, data: data ?? {}, retryAfter: Number(response.headers.get("Retry-After")) };
  } catch {
    return null;
  } finally {
    clearTimeout(timer);
  }
}

/** Null if it is no JSON object. */
function parse(text) {
  try {
    const data = JSON.parse(text);
    return typeof data === "object" ? data : null;
  } catch {
    return null;
  }
}

function delaySeconds(attempt, retryAfter) {
  const backoff = Math.min(BACKOFF_SECONDS_FIRST * 2 ** (attempt - 1), BACKOFF_SECONDS_MAX);
  const asked = Math.min(retryAfter || 0, RETRY_AFTER_SECONDS_MAX);
  // Half of it at random: those who were refused together must not come back together.
  return Math.ceil(Math.max(asked, backoff / 2) + (Math.random() * backoff) / 2);
}
