// What is said of a journal that was verified, and what to do about it.
import { readableSiret } from "./dom.js";
import { inParis } from "./french.js";

/** What was done to a line: what is said of it, `{n}` being its number. */
const BROKEN = {
  altered: "La ligne {n} a été modifiée",
  replaced: "La ligne {n} n'est plus celle d'origine",
  dropped: "Une ligne manque à la place de la ligne {n}",
  swapped: "La ligne {n} n'est pas à sa place",
  repeated: "La ligne {n} a été ajoutée, ou figure une deuxième fois",
  "line-ends": "Un programme a enregistré ce fichier à sa façon",
  "byte-order-mark": "Un programme a enregistré ce fichier à sa façon",
};
/** The text may be as it was: only the file is not. */
const SAVED_ANEW = ["line-ends", "byte-order-mark"];

const COMPARE =
  "Ne vous fiez pas à ce fichier. Téléchargez de nouveau le journal dans « Mon espace », ou redemandez-le à " +
  "qui vous l'a remis, puis comparez.";
const FETCH_AGAIN =
  "Un éditeur de texte, un tableur ou une messagerie change parfois les fins de ligne. Le texte est peut-être " +
  "intact, mais cela ne se vérifie plus. Reprenez le fichier tel qu'il a été téléchargé, sans l'ouvrir ni " +
  "l'enregistrer.";
const PASTE_KEY =
  "Quelqu'un peut avoir réécrit tout le journal. Pour le savoir, collez la clé que le service publie, puis " +
  "vérifiez de nouveau.";
const ASK_KEY =
  "Si le service a changé de clé depuis, demandez-lui celle de ce jour-là. Sans elle, rien ne dit que ce " +
  "journal vient de lui.";
const REWRITTEN = "Les lignes se suivent, mais ce n'est pas le texte qui a été signé : il a été réécrit après coup.";
/** A journal is read years later: its year is always said. */
const ANOTHER_YEAR = 0;
const HEADING = "Journal de l'établissement ";
const NOT_A_JOURNAL = "Ce fichier n'est pas un journal, ou sa première ligne a été modifiée";

const WHOLE = "Ce journal est entier, et sa signature est bonne";
const PROVEN = [
  "Le détenteur de la clé ci-dessous l'a remis ainsi : pas une ligne n'a été changée, enlevée ni ajoutée depuis.",
  "Comparez cette clé avec celle que le service publie : elle seule dit de qui vient le journal.",
];

/**
 * What is said of the result of `verifySigned`: `{ state, title, said, line, signers }`. `state` is `whole`, `unsure`
 * or `refused`; `said` are sentences; `line` is the text of the line that is named, by `lineAt(number)`, if there is
 * one; `signers` are the printed keys that signed.
 */
export function verdictOf(result, keys, lineAt) {
  if (result.why) return brokenAt(result, lineAt);
  if (result.doubt) return { ...DOUBTS[result.doubt](result, keys), signers: [] };
  const signers = result.signatures.flatMap(({ key }) => (key ? [key.printed] : []));
  const said = [`Établissement : ${journalOf(result)}`, ...PROVEN];
  return { state: "whole", title: WHOLE, said, signers: [...new Set(signers)] };
}

function brokenAt({ line, why }, lineAt) {
  if (SAVED_ANEW.includes(why)) return { state: "refused", title: BROKEN[why], said: [FETCH_AGAIN], signers: [] };
  const text = why === "dropped" ? undefined : lineAt(line);
  const isJournal = line > 1 || text === undefined || text.startsWith(HEADING);
  const title = isJournal ? BROKEN[why].replace("{n}", line) : NOT_A_JOURNAL;
  return { state: "refused", title, said: [COMPARE], line: text, signers: [] };
}

function journalOf({ siret, entries, closedAt }) {
  const counted = entries === 0n ? "aucune entrée" : `${entries} entrée${entries > 1n ? "s" : ""}`;
  const at = inParis(closedAt, ANOTHER_YEAR);
  return `SIRET ${readableSiret(siret)}, ${counted}, journal remis le ${at}, heure de Paris.`;
}

/** Why a journal whose lines fit is not believed. */
const DOUBTS = {
  "unknown-signer": (result, keys) => (keys.length > 0 ? unknownSigner(result) : unverified(result)),
  forged: (result) => ({
    state: "refused",
    title: "La signature n'est pas celle de ce texte",
    said: [told(result), REWRITTEN, COMPARE],
  }),
  encoding: spoiltSignature,
  signatures: spoiltSignature,
};

const unverified = (result) => ({
  state: "unsure",
  title: "Les lignes se suivent, mais la signature n'a pas été vérifiée",
  said: [told(result), claimed(result), PASTE_KEY],
});

const unknownSigner = (result) => ({
  state: "refused",
  title: "Ce journal n'est signé par aucune des clés données",
  said: [told(result), claimed(result), ASK_KEY],
});

function spoiltSignature(result) {
  return {
    state: "refused",
    title: "La signature de ce journal manque ou a été modifiée",
    said: [told(result), "Les lignes se suivent, mais la fin du fichier n'est pas celle d'un journal signé.", COMPARE],
  };
}

/** What the file says of itself, which nothing proves. */
const told = (result) => `D'après le fichier : ${journalOf(result)}`;

function claimed({ signatures }) {
  const names = [...new Set(signatures.map(({ name, id }) => `${name}, clé ${id}`))];
  return `Il se dit signé par : ${names.join(" ; ")}.`;
}
