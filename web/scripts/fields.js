// What a field takes, by the server's own rules (domain/src), and what is wrong with what was typed. The server
// judges; this says it at once. Both are held to one list of cases: domain/tests/cases/fields.json.
import { capitals, isSiretLike, strangeIn, symbolsOf, SYMBOLS } from "./code.js";
import { readDay } from "./days.js";
import { SEPARATORS } from "./separators.js";
import { isSiret } from "./siret.js";

const plural = (count, word) => `${count} ${word}${count > 1 ? "s" : ""}`;
const isTooLong = (typed, max) => [...typed].length > max;
/** The first of the characters that should not be there, as it is shown. */
const shown = (text) => `« ${[...text][0]} »`;
const isControl = (text) => /\p{Cc}/u.test(text);
const INVISIBLE = "Un caractère invisible s'est glissé dans ce champ : effacez tout et tapez de nouveau.";

/** What is missing or too much, of `wanted`; `rule` ends the sentence. */
const miscount = (count, wanted, word, rule) =>
  count < wanted ? `Il manque ${plural(wanted - count, word)} : ${rule}` : `${plural(count - wanted, word)} de trop : ${rule}`;

function siret(typed) {
  const wrong = (code, detail) => ({ code: `siret-${code}`, detail });
  if (isTooLong(typed, 64)) return wrong("format", "Ce texte est trop long : un SIRET a 14 chiffres.");
  const kept = typed.replace(SEPARATORS.siret, "").replace(/^(?:siret|n[°º]|№|:)+/i, "");
  const digits = /^\d.*\d$/.test(kept) ? kept.replace(/o/gi, "0") : kept;
  const count = digits.length;
  if (!/^\d*$/.test(digits)) return wrong("format", notDigits(kept));
  if (count === 9) return wrong("is-siren", "C'est le SIREN : ajoutez les 5 chiffres du NIC.");
  if (count === 0) return wrong("format", "Tapez les 14 chiffres du SIRET.");
  if (count !== 14) return wrong("format", miscount(count, 14, "chiffre", `vous en avez tapé ${count}, un SIRET a 14 chiffres.`));
  if (isSiret(digits)) return { kept: digits };
  return wrong("checksum", "Ce SIRET contient une erreur de frappe : vérifiez ses 14 chiffres un à un.");
}

function notDigits(kept) {
  const [, siren] = /^FR[\dA-Z]{2}(\d{9})$/i.exec(kept) ?? [];
  if (siren) {
    const readable = siren.replace(/\d{3}(?=\d)/g, "$& ");
    return `C'est un numéro de TVA. Il contient le SIREN ${readable} : ajoutez-y les 5 chiffres du NIC.`;
  }
  if (/^\d+E\+?\d+$/i.test(kept)) {
    return "Votre tableur a abrégé le SIRET. Mettez la cellule au format Nombre, sans décimale, puis copiez-la de nouveau.";
  }
  if (/^[\dO]+$/i.test(kept)) return "Remplacez la lettre O par un zéro.";
  if (isControl(kept)) return INVISIBLE;
  if (/\p{Nd}/u.test(kept.replace(/\d/g, ""))) return "Tapez le SIRET avec les chiffres de 0 à 9.";
  return `Un SIRET n'a que des chiffres : enlevez ${shown(kept.replace(/\d/g, ""))}.`;
}

const IDENTIFIER_RULE = "un identifiant s'écrit AP- puis 8 caractères, comme AP-7K3M-Q2FD.";

function identifier(typed) {
  const wrong = (detail) => ({ code: "identifier-format", detail });
  if (typed.includes("@")) {
    return { code: "identifier-is-an-email", detail: "Saisissez votre identifiant (AP-…), pas une adresse de messagerie." };
  }
  if (isTooLong(typed, 64)) return wrong(`Ce texte est trop long : ${IDENTIFIER_RULE}`);
  const plain = capitals(typed);
  const kept = plain.length !== 8 && plain.startsWith("AP") ? plain.slice(2) : plain;
  if (/^\d{14}$/.test(kept)) return wrong(`C'est votre SIRET : ${IDENTIFIER_RULE}`);
  const symbols = symbolsOf(kept);
  const strange = strangeIn(symbols);
  if (isControl(strange)) return wrong(INVISIBLE);
  if (strange) return wrong(`Il n'y a pas de ${shown(strange)} dans un identifiant : il s'écrit comme AP-7K3M-Q2FD.`);
  if (symbols.length !== 8) return wrong(miscount(symbols.length, 8, "caractère", IDENTIFIER_RULE));
  if (checkSymbol(symbols) !== symbols[7]) return wrong("Cet identifiant contient une erreur de frappe : comparez-le au courriel.");
  return { kept: `AP-${symbols.slice(0, 4)}-${symbols.slice(4)}` };
}

/** The sum of the first seven symbols in GF(32), each weighed. */
function checkSymbol(symbols) {
  let [sum, weight] = [0, 1];
  for (const symbol of symbols.slice(0, 7)) {
    weight = multiply(weight, 18);
    sum ^= multiply(weight, SYMBOLS.indexOf(symbol));
  }
  return SYMBOLS[sum];
}

/** The product in GF(32), modulo x⁵ + x² + 1. */
function multiply(a, b) {
  let product = 0;
  for (let [left, right] = [a, b]; right; right >>= 1) {
    if (right & 1) product ^= left;
    left = (left << 1) ^ (left & 16 ? 0b100101 : 0);
  }
  return product;
}

const CODE_RULE = "le code du courriel a 8 caractères, comme 7K3M-Q2FD.";

function code(typed) {
  const wrong = (detail) => ({ code: "code-format", detail });
  if (isTooLong(typed, 64)) return wrong(`Ce texte est trop long : ${CODE_RULE}`);
  const kept = capitals(typed);
  if (/^AP.{8}$/.test(kept)) return wrong(`C'est votre identifiant : ${CODE_RULE}`);
  const symbols = symbolsOf(kept);
  const strange = strangeIn(symbols);
  if (isControl(strange)) return wrong(INVISIBLE);
  if (strange) return wrong(`Il n'y a pas de ${shown(strange)} dans un code : il s'écrit comme 7K3M-Q2FD.`);
  if (symbols.length !== 8) return wrong(miscount(symbols.length, 8, "caractère", CODE_RULE));
  return { kept: `${symbols.slice(0, 4)}-${symbols.slice(4)}` };
}

/** One field takes both. */
const identifierOrSiret = (typed) => (isSiretLike(typed) ? siret(typed) : identifier(typed));

/** Overseas departments have codes of their own (Arcep); the national numbers are French ones all the same. */
const COUNTRIES = [[/^(?:26[239]|639|69[23])/, "262"], [/^(?:590|69[01])/, "590"], [/^(?:594|694)/, "594"], [/^(?:596|69[67])/, "596"]];
const countryOf = (national) => COUNTRIES.find(([start]) => start.test(national))?.[1] ?? "33";

function phone(typed) {
  const wrong = (detail) => ({ code: "phone-format", detail });
  if (isTooLong(typed, 40)) return wrong("Ce texte est trop long pour un numéro de téléphone.");
  const kept = typed.replace(SEPARATORS.phone, "").replaceAll("(0)", "").replace(/[()]/g, "");
  const number = withCountry(kept);
  const [, national] = /^(?:33|262|590|594|596)(.*)$/.exec(number) ?? [];
  const isWhole = national === undefined || /^[1-9]\d{8}$/.test(national);
  if (isWhole && /^[1-9]\d{6,14}$/.test(number)) return { kept: `+${number}` };
  return wrong(notPhone(kept, number));
}

/** Its digits with the country's; none if no country can be told. */
function withCountry(kept) {
  if (/^\+|^00/.test(kept)) return kept.replace(/^\+|^00/, "");
  if (kept.startsWith("0")) return countryOf(kept.slice(1)) + kept.slice(1);
  if (kept.length === 9) return countryOf(kept) + kept;
  return kept.length === 11 && kept.startsWith("33") ? kept : "";
}

function notPhone(kept, number) {
  if (isControl(kept)) return INVISIBLE;
  if (/\p{L}/u.test(kept)) return "Un numéro de téléphone n'a pas de lettre : ne donnez que le numéro.";
  if (/^(?:\+|00)?330/.test(kept)) return "Après l'indicatif 33, écrivez le numéro sans le 0.";
  if (/^0[1-9]\d*$/.test(kept)) return miscount(kept.length, 10, "chiffre", "un numéro français en a 10.");
  if (/^\d+$/.test(kept) && !number) return "Écrivez ce numéro comme 01 23 45 67 89. Depuis un autre pays, commencez par + et l'indicatif.";
  if (/^\d+$/.test(number)) return "Vérifiez ce numéro et l'indicatif du pays : il s'écrit comme +32 2 123 45 67.";
  return "Ce numéro n'est pas reconnu : écrivez-le comme 01 23 45 67 89, ou avec + et l'indicatif du pays.";
}

const ATOM = "[a-z\\d!#$%&'*+/=?^_`{|}~-]+";
const LABEL = "[a-z\\d](?:[a-z\\d-]{0,61}[a-z\\d])?";
const ADDRESS = new RegExp(`^(?=[^@]{1,64}@)${ATOM}(?:\\.${ATOM})*@(?:${LABEL}\\.)+${LABEL}$`, "i");
/** Two letters or more, or an internationalised name; no other is ever delegated, nor are those that are reserved. */
const TOP_LEVEL = /\.(?!(?:alt|internal|invalid|local|localhost|onion|test)$)(?:[a-z]{2,63}|xn--[a-z\d-]*[a-z\d])$/i;

function email(typed) {
  const wrong = (detail) => ({ code: "email-format", detail });
  const kept = typed.trim();
  if (kept.length <= 254 && ADDRESS.test(kept)) {
    if (TOP_LEVEL.test(kept)) return { kept: kept.replace(/@.*$/, (domain) => domain.toLowerCase()) };
    return wrong(`Aucune adresse ne finit par « ${kept.slice(kept.lastIndexOf("."))} » : vérifiez la fin.`);
  }
  const signs = kept.split("@").length - 1;
  if (signs === 0) return wrong("Il manque le signe @ : une adresse s'écrit comme nom@exemple.fr.");
  if (signs > 1) return wrong("Donnez une seule adresse, comme nom@exemple.fr.");
  if (isControl(kept)) return wrong(INVISIBLE);
  if (/\s/.test(kept)) return wrong("Une adresse n'a pas d'espace : enlevez-le.");
  if (/[^ -~]/.test(kept)) return wrong(`Une adresse n'a ni accent ni lettre spéciale : enlevez ${shown(kept.replace(/[ -~]/g, ""))}.`);
  return wrong("Cette adresse n'est pas reconnue : elle s'écrit comme nom@exemple.fr.");
}

/** Its length only: how soon it is guessed, and for whom, the server alone can tell. */
function password(typed) {
  const { length } = [...typed.normalize("NFC")];
  const rule = "un mot de passe a 12 caractères au moins.";
  if (length < 12) return { code: "password-too-short", detail: miscount(length, 12, "caractère", rule) };
  if (length > 128) return { code: "password-too-long", detail: "Choisissez un mot de passe de 128 caractères au plus." };
  return { kept: typed };
}

const DATE_RULE = "Cette date n'existe pas : écrivez-la comme 23/11/2026.";

function day(typed) {
  const kept = readDay(typed);
  return kept ? { kept } : { code: "date-format", detail: DATE_RULE };
}

const CHOSEN = { siret, other_siret: siret, other_email: email, new_password: password, from: day, until: day };

/** By the name of the field: what was typed -> `{ kept }`, or `{ code, detail }`. */
export const RULES = { identifier, identifier_or_siret: identifierOrSiret, code, phone, email, password, ...CHOSEN };
