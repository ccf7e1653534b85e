// The service is closed: a notice says until when.
import { byId } from "../dom.js";
import { showNoticesOnly } from "../notices.js";

showNoticesOnly(byId("notices"));
