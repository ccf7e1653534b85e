// French puts a space before : ; ! ? », after «, inside numbers, dates and times; a line must not break there.

const FIXED_SPACE = new RegExp(
  [
    " (?=[:;!?»€%])",
    "(?<=«) ",
    "(?<=\\d) (?=\\d)",
    "(?<=\\d) (?=(?:h|heures?|min|minutes?|jours?|ans)(?!\\p{L}))",
    "(?<=\\d(?:er)?) (?=(?:janvier|février|mars|avril|mai|juin|juillet|août|septembre|octobre|novembre|décembre)(?!\\p{L}))",
  ].join("|"),
  "gu",
);

/** Makes those spaces of a text no-break ones. */
export const fixSpaces = (text) => text.replace(FIXED_SPACE, "\u00a0");
