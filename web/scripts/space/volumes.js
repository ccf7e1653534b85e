// The volumes of a journal, as each says which it is: its file's name, and where the next one is.

const HEADING = /^Journal de l'établissement (\d{14}), format 1\.(?: Ce volume commence à l'entrée (\d+)\.)?/;
/** Of a volume after which there are others. */
const CLOSING = /^Fin du volume\. .* : (\d+) sur (\d+)\. Le /m;

/** The name of a volume's file, by its text. */
export function nameOf(text) {
  const [, siret, from = "1"] = HEADING.exec(text);
  const isOnly = from === "1" && !CLOSING.test(text);
  return isOnly ? `journal-${siret}.txt` : `journal-${siret}-${from}.txt`;
}

/** What is asked for after a volume: `{ url, doing }`, or null after the last. */
export function nextOf(text) {
  const [, siret] = HEADING.exec(text);
  const [, last, entries] = CLOSING.exec(text) ?? [];
  if (last === undefined) return null;
  const from = Number(last) + 1;
  const url = `/api/space/journal?siret=${siret}&from=${from}`;
  return { url, doing: `Préparation du fichier suivant, à partir de l'entrée ${from} sur ${entries}…` };
}
