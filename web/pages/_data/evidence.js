export { EVIDENCE as default } from "../../scripts/desk/evidence.js";
