// French puts a space before : ; ! ? » and after «, and a line must not break there.

/** Makes those spaces no-break ones in the text of a page, not in its tags. */
export function frenchSpaces(html) {
  return html.replace(/>[^<]+</g, (text) => text.replace(/ (?=[:;!?»€%])/g, "\u00a0").replace(/(?<=«) /g, "\u00a0"));
}
