// French puts a space before : ; ! ? », after «, and inside numbers; a line must not break there.

const FIXED_SPACE = / (?=[:;!?»€%])|(?<=«) |(?<=\d) (?=\d)/g;

/** Makes those spaces no-break ones in the text of a page, not in its tags. */
export function frenchSpaces(html) {
  return html.replace(/>[^<]+</g, (text) => text.replace(FIXED_SPACE, "\u00a0"));
}
