// The home page: the state of the service, and the login.
import { byId } from "../dom.js";
import { bindForm } from "../form.js";
import { showNotices } from "../notices.js";
import { enablePasswords } from "../passwords.js";
import { takeOver } from "../tab.js";

enablePasswords();
bindForm(byId("login"), {
  url: "/api/session",
  actionIfAsked: "session",
  isRepeatable: true,
  known: takeOver(),
  onDone: () => location.assign("/mon-espace/"),
});
showNotices(byId("notices"));
