// Days of a calendar in Paris: read as people type them, written as `2026-11-23` to the service. Pure.

const MONTHS = [
  ...["janvier", "fevrier", "mars", "avril", "mai", "juin"],
  ...["juillet", "aout", "septembre", "octobre", "novembre", "decembre"],
];
const CENTURY = 2000;

const iso = (year, month, day) => [year, ...[month, day].map((part) => String(part).padStart(2, "0"))].join("-");
const isDay = (day) => new Date(`${day}T00:00:00Z`).toJSON()?.startsWith(day) ?? false;

/** ` 23/11/26`, `23 novembre 2026`, `1er décembre 2026`, `2026-11-23` -> `2026-11-23`; null if it is no day. */
export function readDay(typed) {
  const plain = typed.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase().trim();
  const [, ...written] = /^(\d{4})-(\d{1,2})-(\d{1,2})$/.exec(plain) ?? [];
  const [, day, month, year] = /^(\d{1,2})(?:er)?[\s/.-]+(\d{1,2}|[a-z]+)[\s/.-]+(\d{4}|\d{2})$/.exec(plain) ?? [];
  if (!written.length && !day) return null;
  const rank = /\d/.test(month) ? Number(month) : MONTHS.indexOf(month) + 1;
  const found = written.length ? iso(...written) : iso(year.length === 2 ? CENTURY + Number(year) : year, rank, day);
  return isDay(found) ? found : null;
}

/** What is sent for what was typed: a day, or the text itself, which the service refuses. */
export const sentDay = (typed) => readDay(typed) ?? typed;

/** `2026-11-23` -> `23/11/2026`, as it stands in a field. */
export const typedDay = (day) => day.split("-").reverse().join("/");

/** The last day of a year that begins on `day`. */
export function yearFrom(day) {
  const [year, month, date] = day.split("-").map(Number);
  return new Date(Date.UTC(year + 1, month - 1, date - 1)).toJSON().slice(0, 10);
}

const IN_PARIS = { timeZone: "Europe/Paris", year: "numeric", month: "2-digit", day: "2-digit" };
const PARIS = new Intl.DateTimeFormat("fr-FR", IN_PARIS);
const LONG = new Intl.DateTimeFormat("fr-FR", { timeZone: "UTC", day: "numeric", month: "long", year: "numeric" });

/** The day that a moment is in Paris; a day is itself. */
export function dayOf(moment) {
  if (/^\d{4}-\d\d-\d\d$/.test(moment)) return moment;
  const parts = PARIS.formatToParts(new Date(moment)).map(({ type, value }) => [type, value]);
  const { year, month, day } = Object.fromEntries(parts);
  return iso(year, month, day);
}

/** `23 novembre 2026`, of a day or of a moment in Paris. */
export const dayInWords = (moment) =>
  LONG.format(new Date(`${dayOf(moment)}T00:00:00Z`)).replace(/^1 /, "1er ").replaceAll(" ", "\u00a0");
