// What the files of a journal are judged by: it comes with the first that are brought.
export { decoded } from "./journal.js";
export { parseKey, verifySigned } from "./signed-note.js";
export { verdictOf } from "./verdict.js";
