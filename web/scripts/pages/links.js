// A page that has no form, but links to one with something filled in; and, where it speaks of a mail, what is
// known of the one that this tab asked for.
import { describe, enableResume, forRequest, readAsked, sayLimit } from "../asked.js";
import { byId } from "../dom.js";
import { enableHandOver } from "../tab.js";

const mail = byId("asked") && readAsked();
if (mail) {
  describe(byId("mail"), mail);
  sayLimit(byId("mail-limit"), mail);
  enableResume(byId("resume"), mail);
  byId("asked").hidden = false;
}
enableHandOver(document, mail ? forRequest(mail) : {});
