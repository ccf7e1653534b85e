// The script of the page that is kept and opened from disk: the keys are typed.
import { bindVerifier } from "./verifier.js";

document.body.classList.add("js-enabled", "govuk-frontend-supported");
bindVerifier();
document.documentElement.classList.add("app-ready");
