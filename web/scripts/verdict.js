// What is said of a journal that was verified, and what to do about it.
import { readableSiret } from "./dom.js";
import { inParis } from "./french.js";
import { isWhole, join } from "./journal.js";

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
const SPOILT = "Les lignes se suivent, mais la fin du fichier n'est pas celle d'un journal signé.";
const REWRITTEN = "Les lignes se suivent, mais ce n'est pas le texte qui a été signé : il a été réécrit après coup.";
/** A journal is read years later: its year is always said. */
const ANOTHER_YEAR = 0;
const HEADING = "Journal de l'établissement ";
const NOT_A_JOURNAL = "Ce fichier n'est pas un journal, ou sa première ligne a été modifiée";

const WHOLE = "Ce journal est entier, et sa signature est bonne";
const PART = "Ce n'est qu'une partie du journal, et sa signature est bonne";
const GIVE_ALL = "Choisissez tous les fichiers du journal à la fois : eux seuls disent que rien ne manque.";
const PROVEN = [
  "Le détenteur de la clé ci-dessous l'a remis ainsi : pas une ligne n'a été changée, enlevée ni ajoutée depuis.",
  "Comparez cette clé avec celle que le service publie : elle seule dit de qui vient le journal.",
];

/**
 * What is said of the volumes of a journal, or of its one file: each is `{ name, result, lineAt }`, with the result of
 * `verifySigned` and what gives the text of a line by its number. Gives `{ state, title, said, line, signers }`:
 * `state` is `whole`, `part`, `unsure` or `refused`; `said` are sentences; `line` is the text of the line that is
 * named, if there is one; `signers` are the printed keys that signed.
 */
export const verdictOf = (volumes, keys) => ({ signers: [], ...judge(volumes, keys) });

function judge(volumes, keys) {
  const broken = volumes.find(({ result }) => result.why);
  if (broken) return inFile(broken, volumes, brokenAt(broken.result, broken.lineAt));
  const joined = join(volumes.map(({ result }) => result));
  if (!joined.siret) return misfit(joined, volumes);
  const [doubtful] = Object.keys(DOUBTS).flatMap((doubt) => volumes.filter(({ result }) => result.doubt === doubt));
  const signatures = volumes.flatMap(({ result }) => result.signatures ?? []);
  if (doubtful) {
    const { result } = doubtful;
    if (result.doubt === "unknown-signer" && keys.length === 0) return unverified({ ...joined, signatures });
    return inFile(doubtful, volumes, DOUBTS[result.doubt](result));
  }
  const signers = [...new Set(signatures.flatMap(({ key }) => (key ? [key.printed] : [])))];
  const said = [`Établissement : ${journalOf(joined)}`, ...PROVEN];
  if (isWhole(joined)) return { state: "whole", title: WHOLE, said, signers };
  return { state: "part", title: PART, said: [...said, GIVE_ALL], signers };
}

/** Of several files, the one that is meant is named. */
function inFile({ name }, volumes, verdict) {
  if (volumes.length === 1) return verdict;
  return { ...verdict, said: [`Dans le fichier ${name}.`, ...verdict.said] };
}

/** What is said of volumes that are not one journal. */
function misfit({ other, missing, rank, repeated, replaced }, volumes) {
  if (missing) {
    const [first, last] = missing;
    const entries = first === last ? `l'entrée ${first}` : `les entrées ${first} à ${last}`;
    return refused(`Il manque ${entries}`, GIVE_ALL, COMPARE);
  }
  const said = other ? "est d'un autre établissement" : `n'est pas la suite de l'entrée ${replaced}`;
  const file = `Le fichier ${volumes[other ?? rank].name}`;
  return refused("Ces fichiers ne se suivent pas", `${file} ${repeated ? `répète l'entrée ${repeated}` : said}.`, COMPARE);
}

function brokenAt({ line, why }, lineAt) {
  if (SAVED_ANEW.includes(why)) return refused(BROKEN[why], FETCH_AGAIN);
  const text = why === "dropped" ? undefined : lineAt(line);
  const isJournal = line > 1 || text === undefined || text.startsWith(HEADING);
  const title = isJournal ? BROKEN[why].replace("{n}", line) : NOT_A_JOURNAL;
  return { ...refused(title, COMPARE), line: text };
}

function journalOf(journal) {
  const { siret, before, end, entries, closedAt } = journal;
  const whole = entries === 0n ? "aucune entrée" : `${entries} entrée${entries > 1n ? "s" : ""}`;
  const counted = isWhole(journal) ? whole : `entrées ${before.entries + 1n} à ${end.entries} sur ${entries}`;
  const at = inParis(closedAt, ANOTHER_YEAR);
  return `SIRET ${readableSiret(siret)}, ${counted}, journal remis le ${at}, heure de Paris.`;
}

/** Why a journal whose lines fit is not believed, the worst first. */
const DOUBTS = {
  forged: (result) => refused("La signature n'est pas celle de ce texte", told(result), REWRITTEN, COMPARE),
  encoding: spoiltSignature,
  signatures: spoiltSignature,
  "unknown-signer": (result) =>
    refused("Ce journal n'est signé par aucune des clés données", told(result), claimed(result), ASK_KEY),
};

const unverified = (result) => ({
  state: "unsure",
  title: "Les lignes se suivent, mais la signature n'a pas été vérifiée",
  said: [told(result), claimed(result), PASTE_KEY],
});

function spoiltSignature(result) {
  return refused("La signature de ce journal manque ou a été modifiée", told(result), SPOILT, COMPARE);
}

function refused(title, ...said) {
  return { state: "refused", title, said };
}

/** What the file says of itself, which nothing proves. */
const told = (result) => `D'après le fichier : ${journalOf(result)}`;

function claimed({ signatures }) {
  const names = [...new Set(signatures.map(({ name, id }) => `${name}, clé ${id}`))];
  return `Il se dit signé par : ${names.join(" ; ")}.`;
}
