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

/** Makes those spaces of a text no-break ones. */
export const fixSpaces = (text) => text.replace(FIXED_SPACE, (_, before = "") => `${before}\u00a0`);
