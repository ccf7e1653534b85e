// The journal of an establishment: whether its lines fit, and the first that does not. The rules are those of
// domain/src/journal.rs; both are held to domain/tests/cases/journals.json.
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import { isSiret } from "./siret.js";

/** Before and after the SIRET in a heading. */
const HEADING = ["Journal de l'établissement ", ", format 1."];
/** Before and between the number of entries and the moment in a closing line. */
const CLOSING = ["Fin du journal. Entrées : ", ". Le "];
/** Hexadecimal digits of a line's check, the beginning of its own hash. */
const CHECK_DIGITS = 8;
const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf];
const LINE_END = 0x0a;
/** The largest number that a line may have: 64 bits. */
const NUMBER_MAX = 2n ** 64n - 1n;
/** The first and the last moment that the service knows, in milliseconds since 1970. */
const MOMENT_MS = { min: -377_705_023_201_000, max: 253_402_207_200_000 };

const encoder = new TextEncoder();
/** Throws at what is no UTF-8, and keeps a byte order mark. */
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

const hashOf = (text) => bytesToHex(sha256(encoder.encode(text)));

/** The text of these bytes; null if they are no UTF-8. */
export function decoded(bytes) {
  try {
    return decoder.decode(bytes);
  } catch {
    return null;
  }
}

/**
 * Verifies a journal (bytes) without its signatures. Gives `{ siret, entries, closedAt }`, `entries` a BigInt,
 * or the first line that does not fit, `{ line, why }`. `why` is `altered`, `replaced`, `dropped`, `swapped`,
 * `repeated`, `line-ends` or `byte-order-mark`. What was rewritten with all hashes after it is found by the
 * signatures alone.
 */
export function verify(text) {
  const broken = (rank, why) => ({ line: rank + 1, why });
  if (BYTE_ORDER_MARK.every((byte, rank) => text[rank] === byte)) return broken(0, "byte-order-mark");
  const isEnded = text[text.length - 1] === LINE_END;
  const lines = splitLines(isEnded ? text.subarray(0, -1) : text).map(parseLine);
  const way = wayBack(lines);
  const off = way && offTheWay(lines, way);
  if (off) return broken(off.rank, off.why);
  const [heading] = lines;
  if (heading.kind === "unknown") return broken(0, heading.why);
  if (heading.kind !== "heading") return broken(0, outOfOrder(lines, ({ kind }) => kind === "heading"));
  let chain = { entries: 0n, head: heading.hash };
  for (let rank = 1; rank < lines.length; rank += 1) {
    const found = verifyLine(lines, rank, chain, isEnded);
    if (found.why) return broken(found.rank, found.why);
    if (found.closedAt) return { siret: heading.siret, entries: chain.entries, closedAt: found.closedAt };
    chain = found;
  }
  return broken(lines.length, "dropped");
}

/** The line of that rank after those before it: where the chain stands with it, `closedAt`, or `rank` and `why`. */
function verifyLine(lines, rank, chain, isEnded) {
  const line = lines[rank];
  const next = chain.entries + 1n;
  const follows = line.before === chain.head;
  const isNext = ({ kind, number }) => kind === "entry" && number === next;
  const gap = () => ({ rank, why: outOfOrder(lines.slice(rank), isNext) });
  if (line.kind === "unknown") return { rank, why: line.why };
  if (line.kind === "heading") return { rank, why: "repeated" };
  if (line.kind === "entry") {
    if (line.number < next) return { rank, why: "repeated" };
    if (line.number > next) return gap();
    if (follows) return { entries: next, head: line.hash };
    const after = lines[rank + 1]?.before;
    // Where the line after holds its hash, or cannot tell, the line before is the other one.
    const isOwn = after === undefined || after === line.hash;
    return { rank: isOwn ? rank - 1 : rank, why: "replaced" };
  }
  if (follows && line.entries !== chain.entries) return { rank, why: "replaced" };
  if (line.entries > chain.entries) return gap();
  if (!follows) {
    // The line of that number is the last whose hash it could hold.
    return { rank: Number(line.entries) < rank - 1 ? Number(line.entries) : rank - 1, why: "replaced" };
  }
  if (rank + 1 < lines.length) return { rank: rank + 1, why: "repeated" };
  return isEnded ? { closedAt: line.at } : { rank, why: "altered" };
}

/**
 * The ranks of the lines to which the closing line leads back, hash by hash, in their order from the heading
 * on: what the journal was, if it reaches a heading; else null.
 */
function wayBack(lines) {
  const last = lines[lines.length - 1];
  const ranks = new Map();
  for (let rank = 0; rank < lines.length - 1; rank += 1) {
    if (!ranks.has(lines[rank].hash)) ranks.set(lines[rank].hash, rank);
  }
  const way = [];
  let sought = last.kind === "closing" ? last.before : undefined;
  while (sought !== undefined) {
    const rank = ranks.get(sought);
    if (rank === undefined) return null;
    // No line twice: the way ends.
    ranks.delete(sought);
    way.push(rank);
    sought = lines[rank].before;
  }
  way.reverse();
  return way.length > 0 && lines[way[0]].kind === "heading" ? way : null;
}

/** The first line that is not in its place on the way back: one that was added, or moved; null if there is none. */
function offTheWay(lines, way) {
  for (let rank = 0; rank < lines.length - 1; rank += 1) {
    if (way[rank] === rank) continue;
    if (lines[rank].kind === "unknown") return { rank, why: lines[rank].why };
    return { rank, why: way.includes(rank) ? "swapped" : "repeated" };
  }
  return null;
}

/** Whether the line that is missing stands later, or not at all. */
const outOfOrder = (lines, isMissing) => (lines.some(isMissing) ? "swapped" : "dropped");

function splitLines(bytes) {
  const lines = [];
  let start = 0;
  for (let end = bytes.indexOf(LINE_END); end >= 0; end = bytes.indexOf(LINE_END, start)) {
    lines.push(bytes.subarray(start, end));
    start = end + 1;
  }
  return [...lines, bytes.subarray(start)];
}

/** What a line says, if its check fits: `kind` and its parts, with its own hash and the one that it holds, `before`. */
function parseLine(bytes) {
  const text = decoded(bytes) ?? "";
  const isWholeBefore = () => text.endsWith("\r") && kindOf(text.slice(0, -1)) !== null;
  const said = kindOf(text) ?? { kind: "unknown", why: isWholeBefore() ? "line-ends" : "altered" };
  return { ...said, hash: hashOf(text) };
}

/** `a b c` -> `["a b", "c"]`; null without a space. */
function splitLast(text) {
  const place = text.lastIndexOf(" ");
  return place < 0 ? null : [text.slice(0, place), text.slice(place + 1)];
}

function kindOf(text) {
  const [content, digits] = splitLast(text) ?? [];
  if (content === undefined || hashOf(content).slice(0, CHECK_DIGITS) !== digits) return null;
  if (content.startsWith(HEADING[0])) return headingOf(content.slice(HEADING[0].length));
  const [rest, before] = splitLast(content) ?? [];
  if (rest === undefined || !/^[0-9a-f]{64}$/.test(before)) return null;
  return rest.startsWith(CLOSING[0]) ? closingOf(rest.slice(CLOSING[0].length), before) : entryOf(rest, before);
}

function headingOf(rest) {
  if (!rest.endsWith(HEADING[1])) return null;
  const siret = rest.slice(0, -HEADING[1].length);
  return /^[0-9]{14}$/.test(siret) && isSiret(siret) ? { kind: "heading", siret } : null;
}

function closingOf(rest, before) {
  const place = rest.indexOf(CLOSING[1]);
  if (place < 0) return null;
  const [entries, at] = [numberOf(rest.slice(0, place)), rest.slice(place + CLOSING[1].length)];
  return entries !== null && isMoment(at) ? { kind: "closing", entries, at, before } : null;
}

function entryOf(rest, before) {
  const parts = rest.split(" ");
  const number = numberOf(parts[0]);
  return parts.length > 2 && number !== null && isMoment(parts[1]) ? { kind: "entry", number, before } : null;
}

/** A number as it is printed; null for any other text. */
function numberOf(printed) {
  const number = /^(?:0|[1-9][0-9]{0,19})$/.test(printed) ? BigInt(printed) : null;
  return number !== null && number <= NUMBER_MAX ? number : null;
}

/** Whether it is a moment as it is printed, to the second, and in no other form of RFC 3339. */
function isMoment(printed) {
  if (!/^(?:[0-9]{4}|-[0-9]{6})-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$/.test(printed)) return false;
  const moment = new Date(printed);
  const isKnown = moment.getTime() >= MOMENT_MS.min && moment.getTime() <= MOMENT_MS.max;
  return isKnown && moment.toISOString() === printed.replace("Z", ".000Z");
}
