// What an agent does with a case. It comes with the case's page, beside its script: the case is read first.
export { bindDeskForm } from "./desk/forms.js";
export { bindSuccession } from "./desk/succession.js";
export { bindTemplates, fillTemplates } from "./desk/templates.js";
