// The home page: the state of the service, whether somebody is logged in, and the login.
import { byId } from "../dom.js";
import { bindForm } from "../form.js";
import { showNotices } from "../notices.js";
import { enablePasswords } from "../passwords.js";
import { send } from "../send.js";
import { forgetSession, mayBeLoggedIn, rememberSession } from "../session.js";
import { takeOver } from "../tab.js";

/** Said with the notices or not at all: later it would move what the person is reading. */
async function sayWhoIsLoggedIn() {
  if (!mayBeLoggedIn()) return;
  const { status, data } = await send("GET", "/api/session", undefined, { waiting: giveUp });
  if (status === 401) forgetSession();
  if (status !== 200) return;
  byId("who").textContent = `${data.first_name} ${data.last_name}`;
  byId("logged-in").hidden = false;
}

const giveUp = () => {
  throw new Error("the session is not waited for");
};

enablePasswords();
bindForm(byId("login"), {
  url: "/api/session",
  actionIfAsked: "session",
  isRepeatable: true,
  known: takeOver(),
  onDone() {
    rememberSession();
    location.assign("/mon-espace/");
  },
});
showNotices(byId("notices"), sayWhoIsLoggedIn());
