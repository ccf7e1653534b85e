// Signed notes (C2SP `signed-note`), as domain/src/note.rs has them, and whether a journal is as its note says.
import { hashes, verify as isSignature } from "@noble/ed25519";
import { sha256, sha512 } from "@noble/hashes/sha2.js";
import { bytesToHex, concatBytes } from "@noble/hashes/utils.js";
import { decoded, verify } from "./journal.js";

// Not the browser's own: Ed25519 came to it late, and on a page opened from disk it need not be there at all.
hashes.sha512 = sha512;

/** Signatures of one note: as many as the specification has every verifier accept. */
const SIGNATURES_MAX = 16;
const KEY_NAME_BYTES_MAX = 255;
const KEY_ID_BYTES = 4;
const PUBLIC_KEY_BYTES = 32;
const SIGNATURE_BYTES = 64;
/** The signature type of Ed25519 (C2SP `signed-note`, «Signature types»). */
const ED25519 = 1;
const LINE_END = 0x0a;
/** What a signature's line begins with: an em dash. */
const SIGNATURE_MARK = "\u2014 ";
/** Controls, separators of lines, direction marks, zero-width characters: none is in the name of a key of ours. */
const INVISIBLE =
  /[\p{Cc}\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]/u;

const encoder = new TextEncoder();

/**
 * Verifies a journal (bytes) with its signatures, by `keys` of `parseKey`. Gives one of:
 * - `{ line, why }`: the first line that does not fit, before anything about the signatures;
 * - `{ doubt }`: its lines fit, and it is no signed note (`encoding`, `signatures`), or a signature that names a
 *   known key is not of this text (`forged`), or none is of a known key (`unknown-signer`);
 * - `{ siret, entries, closedAt }`: whole, and signed.
 * Where its lines fit, these are given with a doubt too, and so are the `signatures` of a note, `{ name, id }`
 * each, with its `key` if that is known.
 */
export function verifySigned(file, keys) {
  const note = parseNote(file);
  const verified = verify(note.text ?? beforeSignatures(file));
  if (verified.why) return verified;
  if (note.doubt) return { ...verified, doubt: note.doubt };
  const ofKey = (key) => note.signatures.filter(({ name, id }) => key.name === name && key.id === id);
  const signatures = note.signatures.map(({ name, id }) => ({ name, id, key: keyOf(keys, name, id) }));
  const result = { ...verified, signatures };
  const isForged = keys.some((key) => ofKey(key).some(({ bytes }) => !isSigned(key, note.text, bytes)));
  if (isForged) return { ...result, doubt: "forged" };
  return signatures.some(({ key }) => key) ? result : { ...result, doubt: "unknown-signer" };
}

const keyOf = (keys, name, id) => keys.find((key) => key.name === name && key.id === id);

function isSigned(key, text, bytes) {
  // The strict rules of RFC 8032, which the service keeps too.
  return bytes.length === SIGNATURE_BYTES && isSignature(bytes, text, key.publicKey, { zip215: false });
}

/**
 * Parses a printed key (`<name>+<id>+<base64>`, as Go's `note` package prints it) whose id is its own:
 * `{ name, id, publicKey, printed }`, or null.
 */
export function parseKey(printed) {
  const [, name, id, encoded] = /^([^+]+)\+([^+]*)\+(.*)$/su.exec(printed) ?? [];
  if (name === undefined || !isKeyName(name)) return null;
  const decodedKey = decodeBase64(encoded);
  if (decodedKey?.length !== PUBLIC_KEY_BYTES + 1 || decodedKey[0] !== ED25519) return null;
  const publicKey = decodedKey.slice(1);
  return keyId(name, publicKey) === id ? { name, id, publicKey, printed } : null;
}

/** `SHA-256(name || 0x0A || 0x01 || public key)[:4]`. */
function keyId(name, publicKey) {
  const hashed = sha256(concatBytes(encoder.encode(name), Uint8Array.of(LINE_END, ED25519), publicKey));
  return bytesToHex(hashed.subarray(0, KEY_ID_BYTES));
}

function isKeyName(name) {
  return isSignerName(name) && !INVISIBLE.test(name) && encoder.encode(name).length <= KEY_NAME_BYTES_MAX;
}

/** All that the specification allows: the signatures of unknown keys are ignored and not refused. */
const isSignerName = (name) => /^[^\p{White_Space}+]+$/u.test(name);

/** `{ text, signatures }`, the text as the bytes that are signed; or `{ doubt }`. */
function parseNote(file) {
  const whole = decoded(file);
  if (whole === null || hasControls(file)) return { doubt: "encoding" };
  const blank = blankLine(file);
  if (blank < 0 || file[file.length - 1] !== LINE_END) return { doubt: "signatures" };
  // What follows the blank line, without the last line end; nothing, where that is the blank line's own.
  if (blank + 2 > file.length - 1) return { doubt: "signatures" };
  const lines = decoded(file.subarray(blank + 2, -1)).split("\n");
  const signatures = lines.length <= SIGNATURES_MAX ? lines.map(parseSignature) : [null];
  return signatures.includes(null) ? { doubt: "signatures" } : { text: file.subarray(0, blank + 1), signatures };
}

/** Control characters below U+0020, which a note has none of but line ends. */
const hasControls = (file) => file.some((byte) => byte < 0x20 && byte !== LINE_END);

/** Where the last blank line begins, with the line end before it; -1 if there is none. */
function blankLine(file) {
  for (let place = file.length - 2; place >= 0; place -= 1) {
    if (file[place] === LINE_END && file[place + 1] === LINE_END) return place;
  }
  return -1;
}

/** The text of what is no note, to find the line that spoils it. */
function beforeSignatures(file) {
  const blank = blankLine(file);
  return blank < 0 ? file : file.subarray(0, blank + 1);
}

function parseSignature(line) {
  if (!line.startsWith(SIGNATURE_MARK)) return null;
  const rest = line.slice(SIGNATURE_MARK.length);
  const place = rest.indexOf(" ");
  if (place < 0) return null;
  const [name, bytes] = [rest.slice(0, place), decodeBase64(rest.slice(place + 1))];
  if (!bytes || bytes.length <= KEY_ID_BYTES || !isSignerName(name)) return null;
  return { name, id: bytesToHex(bytes.subarray(0, KEY_ID_BYTES)), bytes: bytes.slice(KEY_ID_BYTES) };
}

/** The bytes of base64 with its padding, in its one form; null for any other text. */
function decodeBase64(encoded) {
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(encoded)) return null;
  const binary = atob(encoded);
  return btoa(binary) === encoded ? Uint8Array.from(binary, (character) => character.charCodeAt(0)) : null;
}
