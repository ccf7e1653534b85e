// The script of the page that is kept and opened from disk: the keys are typed.
import * as judgement from "./judgement.js";
import { bindVerifier } from "./verifier.js";

document.body.classList.add("js-enabled", "govuk-frontend-supported");
bindVerifier(async () => judgement);
document.documentElement.classList.add("app-ready");
