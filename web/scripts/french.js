// French puts a space before : ; ! ? », after «, inside numbers, dates and times; a line must not break there.

const UNITS = "h|heures?|min|minutes?|jours?|ans";
const MONTHS = "janvier|février|mars|avril|mai|juin|juillet|août|septembre|octobre|novembre|décembre";
/** Without looking behind, which Safari learnt late. */
const FIXED_SPACE = new RegExp(`(«|\\d(?:er)?(?= (?:\\d|(?:${UNITS}|${MONTHS})(?!\\p{L})))) | (?=[:;!?»€%])`, "gu");

/** Makes those spaces of a text no-break ones. */
export const fixSpaces = (text) => text.replace(FIXED_SPACE, (_, before = "") => `${before}\u00a0`);
