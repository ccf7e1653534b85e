// What pages load when somebody begins to type: the rules of fields, and the addresses that are probably meant.
export { RULES } from "./fields.js";
export { meantAddress } from "./providers.js";
