// A list of SIRETs, cut into pieces that the service takes one after another. Pure. A header line goes along with
// each piece, by the service's own rule (domain/src/siret_list.rs).
import { SEPARATORS } from "../separators.js";

/** What the service takes at once. */
const PIECE_LINES_MAX = 8;
/** A body has room for this much of it, whatever stands around it. */
const PIECE_BYTES_MAX = 12_000;
/** What is beyond this in a line is left out, so that it has room: six bytes are what a character takes at most. */
const LINE_LENGTH_MAX = PIECE_BYTES_MAX / 12;
export const LINES_MAX = 5_000;
export const LIST_BYTES_MAX = 1024 * 1024;

const CELL_SEPARATORS = [";", "\t", ","];
const BLANK = /[;,"]/g;
const LABEL_WORDS = [
  ...["siret", "n", "no", "num", "numéro", "numero", "code"],
  ...["de", "du", "client", "établissement"],
];

/** The text of a file: what is neither UTF-8 nor marked as UTF-16 is what spreadsheets on Windows write. */
export function decode(buffer) {
  const [first, second] = new Uint8Array(buffer);
  const isMarked = (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff);
  if (isMarked) return new TextDecoder(first === 0xff ? "utf-16le" : "utf-16be").decode(buffer);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(buffer);
  } catch {
    return new TextDecoder("windows-1252").decode(buffer);
  }
}

/**
 * `{ pieces, count }`: each piece is `{ list, numbers }`, the text that is sent and the line of the whole list that
 * each of its lines is; `count` are all but the header.
 */
export function piecesOf(text) {
  const cut = (line, rank) => ({ line: line.slice(0, LINE_LENGTH_MAX), number: rank + 1 });
  const lines = text.split(/\r\n|\r|\n/).map(cut);
  const filled = lines.filter(({ line }) => line.replace(SEPARATORS.siret, "").replace(BLANK, "") !== "");
  const header = isHeader(filled.map(({ line }) => line)) ? filled.shift().line : null;
  const bytes = (line) => JSON.stringify(line).length + new TextEncoder().encode(line).length - line.length;
  const room = PIECE_BYTES_MAX - (header ? bytes(header) : 0);
  const pieces = [];
  let used = 0;
  for (const { line, number } of filled) {
    const size = bytes(line);
    const last = pieces[pieces.length - 1];
    if (last && last.lines.length < PIECE_LINES_MAX && used + size <= room) {
      last.lines.push(line);
      last.numbers.push(number);
      used += size;
    } else {
      pieces.push({ lines: [line], numbers: [number] });
      used = size;
    }
  }
  const listOf = (own) => [header, ...own].filter((line) => line !== null).join("\n");
  const whole = ({ lines: own, numbers }) => ({ list: listOf(own), numbers, hasHeader: header !== null });
  return { pieces: pieces.map(whole), count: filled.length };
}

/** The results of a piece, by the lines of the whole list: `[[number, siret, result], …]`. */
export const resultsOf = ({ numbers, hasHeader }, results) =>
  results.map(({ line, siret, result }) => [numbers[line - 1 - (hasHeader ? 1 : 0)], siret ?? "", result]);

/** Whether the first of the lines names the column of the SIRET. */
function isHeader(lines) {
  if (!lines.length) return false;
  const counts = CELL_SEPARATORS.map((one) => lines.filter((line) => cellsOf(line, one).length > 1).length);
  const most = Math.max(...counts);
  return cellsOf(lines[0], most ? CELL_SEPARATORS[counts.indexOf(most)] : null).some(isLabel);
}

/** Quotes that do not come in pairs are characters like others. */
function cellsOf(line, separator) {
  const hasPairs = line.split('"').length % 2 === 1;
  const cells = [""];
  let isQuoted = false;
  for (const character of line) {
    if (character === '"' && hasPairs) isQuoted = !isQuoted;
    else if (character === separator && !isQuoted) cells.push("");
    else cells[cells.length - 1] += character;
  }
  return cells;
}

function isLabel(cell) {
  const words = cell.toLowerCase().split(/[^\p{L}\p{N}]+|º/u).filter(Boolean);
  return words.includes("siret") && words.every((word) => LABEL_WORDS.includes(word));
}
