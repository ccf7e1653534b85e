// French puts a space before : ; ! ? », after «, inside numbers, dates and times; a line must not break there.

const UNITS = "h|heures?|min|minutes?|jours?|ans";
const MONTHS = "janvier|février|mars|avril|mai|juin|juillet|août|septembre|octobre|novembre|décembre";
/** Without looking behind, which Safari learnt late. */
const FIXED_SPACE = new RegExp(`(«|\\d(?:er)?(?= (?:\\d|(?:${UNITS}|${MONTHS})(?!\\p{L})))) | (?=[:;!?»€%])`, "gu");

/** A moment's hour by the reader's own clock: `10 h 42`, `2 h`. */
export function hour(moment) {
  const date = new Date(moment);
  const minutes = date.getMinutes();
  return `${date.getHours()}\u00a0h${minutes ? `\u00a0${String(minutes).padStart(2, "0")}` : ""}`;
}

const MINUTE_MS = 60_000;

/** `Réessayez à partir de 10 h 43.`, for a Retry-After in seconds; empty if it is none. */
export function comeBack(retryAfter, now = Date.now()) {
  if (!/^\d+$/.test(retryAfter ?? "")) return "";
  const at = Math.ceil((now + Number(retryAfter) * 1000) / MINUTE_MS) * MINUTE_MS;
  return `Réessayez à partir de ${hour(at)}.`;
}

const FIELDS = { day: "numeric", month: "long", year: "numeric", hour: "numeric", minute: "numeric" };

const PARIS = new Intl.DateTimeFormat("fr-FR", { timeZone: "Europe/Paris", ...FIELDS });

const partsOf = (clock, moment) =>
  Object.fromEntries(clock.formatToParts(new Date(moment)).map(({ type, value }) => [type, value]));

const hourOf = ({ hour: hours, minute }) => `${Number(hours)}\u00a0h${minute === "00" ? "" : `\u00a0${minute}`}`;

/** A moment's hour in Paris: `10 h 42`. */
export const hourInParis = (moment) => hourOf(partsOf(PARIS, moment));

/** A moment's day and hour: `24 novembre à 2 h`, with its year if that is not this one. */
function dayAndHour(clock, moment, now) {
  const parts = partsOf(clock, moment);
  const { day, month, year } = parts;
  const date = [day === "1" ? "1er" : day, month, ...(year === partsOf(clock, now).year ? [] : [year])].join("\u00a0");
  return `${date} à ${hourOf(parts)}`;
}

/** A moment's day and hour in Paris. */
export const inParis = (moment, now = Date.now()) => dayAndHour(PARIS, moment, now);

/** A moment's day and hour by the reader's own clock: of what the reader did, and knows it by. */
export const here = (moment, now = Date.now()) => dayAndHour(new Intl.DateTimeFormat("fr-FR", FIELDS), moment, now);

/** Makes those spaces of a text no-break ones. */
export const fixSpaces = (text) => text.replace(FIXED_SPACE, (_, before = "") => `${before}\u00a0`);
