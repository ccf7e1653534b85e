// What is dropped from a number before it is read: pasted along, or typed for the eye.

/** White space, soft hyphens, zero-width characters, direction marks: pasted along, never meant. */
const IGNORABLE = "\\s\\u0085\\u00ad\\u061c\\u180e\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u2069\\ufeff\\ufff9-\\ufffb";
const DASHES = "\\u2010-\\u2015\\u2212\\-";
const QUOTES = "'\"`´«»\\u02bc\\u2018-\\u201f\\u2039\\u203a";
const separators = (own) => new RegExp(`[${IGNORABLE}${DASHES}${own}]`, "g");

/** By field; a code is typed as an identifier is. */
export const SEPARATORS = { siret: separators(`.,/\\\\${QUOTES}`), identifier: separators(""), phone: separators("./") };
