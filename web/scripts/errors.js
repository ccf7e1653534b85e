// Says what is wrong with a form: a summary that takes the focus, and each fault beside its field.
import { byId, make } from "./dom.js";
import { fixSpaces } from "./french.js";

const TITLE_PREFIX = "Erreur\u00a0: ";

/** Shows `errors`, `[{ field, detail }]`; one without a field of this form stands in the summary only. */
export function showErrors(form, errors) {
  clearErrors(form);
  const items = errors.map(({ field, detail: plain }) => {
    const detail = fixSpaces(plain);
    const input = field && form.querySelector(`#${CSS.escape(field)}, [name="${CSS.escape(field)}"]`);
    if (input) markField(input, detail);
    return make("li", {}, ...(input ? [make("a", { href: `#${input.id}` }, detail)] : withMailLinks(detail)));
  });
  const summary = make(
    "div",
    { class: "govuk-error-summary", "data-errors-of": form.id, tabindex: "-1" },
    make(
      "div",
      { role: "alert" },
      make("h2", { class: "govuk-error-summary__title" }, "Il y a un problème"),
      make("div", { class: "govuk-error-summary__body" }, make("ul", { class: "govuk-list govuk-error-summary__list" }, ...items)),
    ),
  );
  form.prepend(summary);
  document.title = TITLE_PREFIX + document.title;
  summary.addEventListener("click", goToField);
  summary.focus();
}

/** As govuk-frontend's error summary does, at a fifth of its weight: the field's words are on the screen too. */
function goToField(event) {
  const input = byId(event.target.closest("a")?.hash?.slice(1) ?? "");
  if (!input) return;
  event.preventDefault();
  const isChoice = ["radio", "checkbox"].includes(input.type);
  const words = (isChoice && input.closest("fieldset")?.querySelector("legend")) || document.querySelector(`label[for="${input.id}"]`);
  (words ?? input).scrollIntoView();
  input.focus({ preventScroll: true });
}

export function clearErrors(form) {
  form.querySelector("[data-errors-of]")?.remove();
  document.title = document.title.replace(TITLE_PREFIX, "");
  for (const message of form.querySelectorAll(".govuk-error-message")) unmarkField(message);
}

/** The text, its mail addresses as links. */
const withMailLinks = (text) =>
  text.split(/(\S+@\S+\w)/).map((part, rank) => (rank % 2 ? make("a", { href: `mailto:${part}` }, part) : part));

/** Says it beside the field, before it, or in `place` if there is one. */
export function markField(input, detail, place) {
  const group = input.closest(".govuk-form-group");
  const described = input.closest("fieldset") ?? input;
  const id = `${input.id}-error`;
  const label = make("span", { class: "govuk-visually-hidden" }, "Erreur\u00a0: ");
  const message = make("p", { class: "govuk-error-message", id }, label, detail);
  const before = group.querySelector(".govuk-input__wrapper, .govuk-radios, .govuk-checkboxes") ?? input;
  if (place) place.append(message);
  else before.before(message);
  group.classList.add("govuk-form-group--error");
  input.classList.add(...errorClasses(input));
  described.setAttribute("aria-describedby", [described.getAttribute("aria-describedby"), id].filter(Boolean).join(" "));
  if (input.type !== "radio" && input.type !== "checkbox") input.setAttribute("aria-invalid", "true");
}

export function unmarkField(message) {
  const group = message.closest(".govuk-form-group");
  const input = document.getElementById(message.id.replace(/-error$/, ""));
  const described = input.closest("fieldset") ?? input;
  const rest = described.getAttribute("aria-describedby").split(" ").filter((id) => id !== message.id).join(" ");
  if (rest) described.setAttribute("aria-describedby", rest);
  else described.removeAttribute("aria-describedby");
  input.removeAttribute("aria-invalid");
  input.classList.remove(...errorClasses(input));
  group.classList.remove("govuk-form-group--error");
  message.remove();
}

/** `govuk-input` -> `govuk-input--error`, for those that have one. */
const errorClasses = (input) =>
  [...input.classList].filter((name) => /^govuk-(?:input|textarea|select)$/.test(name)).map((name) => `${name}--error`);
