// A page that has no form, but links to one with something filled in.
import { enableHandOver } from "../tab.js";

enableHandOver(document);
