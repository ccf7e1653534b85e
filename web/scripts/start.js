// Tells the styles and govuk-frontend's components that scripts run. Imported first by every page's
// script; a policy without inline scripts forbids doing it in the page itself.
document.documentElement.classList.add("app-ready");
document.body.classList.add("js-enabled", "govuk-frontend-supported");
