// Tells govuk-frontend's components that scripts run: the first part of every page's script. A policy
// without inline scripts forbids doing it in the page itself.
document.body.classList.add("js-enabled", "govuk-frontend-supported");
