// The journal of an establishment: whether its lines fit, and the first that does not. The rules are those of
// domain/src/journal.rs; both are held to domain/tests/cases/journals.json.
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import { isSiret } from "./siret.js";

/** A heading; that of a later volume states its first number, that of the entry before, and its hash. */
const HEADING =
  /^Journal de l'établissement ([0-9]{14}), format 1\.(?: Ce volume commence à l'entrée ([0-9]+)\. Empreinte de l'entrée ([0-9]+) : ([0-9a-f]{64}))?$/;
/** The closing line of the last volume, with the number of entries of the journal. */
const CLOSING = /^Fin du journal\. Entrées : ([0-9]+)\. Le (\S+) ([0-9a-f]{64})$/;
/** That of any other volume, with the number of its last entry too. */
const CONTINUES =
  /^Fin du volume\. La suite du journal est dans un autre\. Dernière entrée ici : ([0-9]+) sur ([0-9]+)\. Le (\S+) ([0-9a-f]{64})$/;
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
 * Verifies a volume of a journal (bytes) without its signatures. Gives `{ siret, before, end, entries, closedAt }`:
 * `before` and `end` are `{ entries, head }`, where the journal stood before its first entry and with its last;
 * `entries` (BigInt, as all numbers of entries) are those of the whole journal. Or the first line that does not fit, `{ line, why }`. `why` is `altered`, `replaced`, `dropped`, `swapped`,
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
  const { siret, start } = heading;
  let chain = start;
  for (let rank = 1; rank < lines.length; rank += 1) {
    const found = verifyLine(lines, rank, { start, chain, isEnded });
    if (found.why) return broken(found.rank, found.why);
    if (found.closedAt) {
      return { siret, before: start, end: chain, entries: lines[rank].entries, closedAt: found.closedAt };
    }
    chain = found;
  }
  return broken(lines.length, "dropped");
}

/** Whether a volume, or several together, have every entry of the journal. */
export const isWhole = ({ before, end, entries }) => before.entries === 0n && end.entries === entries;

/**
 * Verifies that volumes, in any order, are one journal: each is what `verify` gives. A single one may be a part; of
 * several every entry must be there. Gives what `verify` does, or the first that does not fit: `{ other }`, the rank
 * of one of another establishment than the first; `{ missing }`, the first and the last number of entries that none
 * has; `{ rank, repeated }`, the number of an entry of that one which another has too; `{ rank, replaced }`, that of
 * the entry before it, which is not the one that the volume before ends with.
 */
export function join(volumes) {
  const [first] = volumes;
  if (volumes.length === 1) return first;
  const other = volumes.findIndex(({ siret }) => siret !== first.siret);
  if (other > 0) return { other };
  const ordered = volumes.map((volume, rank) => ({ ...volume, rank })).sort((a, b) => Number(a.before.entries - b.before.entries));
  const [{ before: none }] = ordered;
  let end = { ...none, entries: 0n };
  let [{ entries }] = ordered;
  for (const { rank, before, ...volume } of ordered) {
    if (before.entries > end.entries) return { missing: [end.entries + 1n, before.entries] };
    if (before.entries < end.entries) return { rank, repeated: before.entries + 1n };
    if (before.head !== end.head) return { rank, replaced: end.entries };
    ({ end } = volume);
    if (volume.entries > entries) ({ entries } = volume);
  }
  if (end.entries < entries) return { missing: [end.entries + 1n, entries] };
  return { ...ordered[ordered.length - 1], before: none, entries };
}

/** The line of that rank after those before it: where the chain stands with it, `closedAt`, or `rank` and `why`. */
function verifyLine(lines, rank, { start, chain, isEnded }) {
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
  if (follows && line.last !== chain.entries) return { rank, why: "replaced" };
  if (line.last > chain.entries) return gap();
  if (!follows) {
    // The line of that number is the last whose hash it could hold.
    const told = line.last > start.entries ? Number(line.last - start.entries) : 0;
    return { rank: Math.min(told, rank - 1), why: "replaced" };
  }
  // The one volume without an entry is the whole of an empty journal.
  if (chain === start && line.entries > 0n) return { rank, why: "dropped" };
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
    // A line goes on from a later volume's heading by the hash that this states.
    const hash = lines[rank].start?.head ?? lines[rank].hash;
    if (!ranks.has(hash)) ranks.set(hash, rank);
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
  const [, siret, ...stated] = HEADING.exec(content) ?? [];
  if (siret) return headingOf(text, siret, stated);
  const [, entries, at, head] = CLOSING.exec(content) ?? [];
  if (entries) return closingOf(entries, entries, at, head);
  const [, last, all, until, end] = CONTINUES.exec(content) ?? [];
  if (last) return numberOf(last) < numberOf(all) ? closingOf(last, all, until, end) : null;
  const [rest, before] = splitLast(content) ?? [];
  return rest !== undefined && /^[0-9a-f]{64}$/.test(before) ? entryOf(rest, before) : null;
}

function headingOf(text, siret, [first, last, head]) {
  if (!isSiret(siret)) return null;
  const heading = (entries, hash) => ({ kind: "heading", siret, start: { entries, head: hash } });
  if (!first) return heading(0n, hashOf(text));
  const entries = numberOf(last);
  return entries && numberOf(first) === entries + 1n ? heading(entries, head) : null;
}

function closingOf(printed, all, at, before) {
  const [last, entries] = [numberOf(printed), numberOf(all)];
  return last !== null && entries !== null && isMoment(at) ? { kind: "closing", last, entries, at, before } : null;
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
