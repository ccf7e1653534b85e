// The code of a mail, which opens what its link opens, and whose it is: both read as forgivingly as an identifier.
import { SEPARATORS } from "./separators.js";

/** Crockford's base 32: no I, L, O or U. */
export const SYMBOLS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const CODE_LENGTH = 8;
/** A SIREN and more: no identifier has so many digits and nothing else. */
const SIREN_LENGTH = 9;

/** In capitals, without what is typed for the eye. Letters of other scripts that go to these in capitals are not these. */
export const capitals = (typed) =>
  typed.replace(SEPARATORS.identifier, "").replace(/[a-z]/g, (letter) => letter.toUpperCase()).replace(/\.$/, "");

/** What is read for what was typed: O for a zero, I and L for a one. */
export const symbolsOf = (text) => text.replace(/O/g, "0").replace(/[IL]/g, "1");

/** Those that are none of the 32. */
export const strangeIn = (symbols) => [...symbols].filter((symbol) => !SYMBOLS.includes(symbol)).join("");

/** ` 7k3m q2fd` -> `7K3M-Q2FD`; null if it is no code. */
export function readCode(typed) {
  const symbols = symbolsOf(capitals(typed));
  if (symbols.length !== CODE_LENGTH || strangeIn(symbols)) return null;
  return `${symbols.slice(0, 4)}-${symbols.slice(4)}`;
}

/** Whether an identifier or a SIRET was typed into the one field that takes both. */
export function isSiretLike(typed) {
  const kept = typed.replace(SEPARATORS.siret, "").replace(/^(?:siret|siren|n[°º]|№|:)+/i, "");
  return /^\d[\do]*$/i.test(kept) && kept.length >= SIREN_LENGTH;
}

/** Whom a code belongs to, by the name that the service gives it: an account to activate is known by its SIRET. */
export const ownerOf = (typed) => (isSiretLike(typed) ? { siret: typed } : { identifier: typed });
