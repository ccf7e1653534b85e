// A list of people, invitations or mandates: what each is, how it stands, and what can be done with it.
import { make } from "../dom.js";
import { fixSpaces } from "../french.js";

/**
 * `title` is what it is, `lines` say more of it (texts or elements), `state` is `[name, words]`; `actions` are
 * `[name, words, what]`, an address or what a click does, said to be of `title` to those who listen.
 */
export function item({ title, lines = [], state = null, actions = [] }) {
  const parts = [make("h3", { class: "govuk-heading-s" }, title)];
  if (state) parts.push(make("strong", { class: "app-tag", "data-state": state[0] }, fixSpaces(state[1])));
  const text = (line) => make("p", {}, typeof line === "string" ? fixSpaces(line) : line);
  parts.push(...lines.filter(Boolean).map(text));
  if (actions.length) parts.push(make("p", { class: "app-actions" }, ...actions.map((one) => action(one, title))));
  return make("li", { "data-name": title }, ...parts);
}

function action([name, words, what], title) {
  const about = make("span", { class: "govuk-visually-hidden" }, fixSpaces(` : ${title}`));
  const named = { "data-action": name };
  if (typeof what === "string") return make("a", { class: "govuk-link", href: what, ...named }, words, about);
  const button = make("button", { type: "button", class: "app-action", ...named }, words, about);
  button.addEventListener("click", what);
  return button;
}

/** Fills a summary list with `[key, values…]`, each value a line; a row without any is left out. */
export function fillRows(list, rows) {
  const filled = rows.map(([key, ...values]) => [key, values.filter(Boolean)]).filter(([, values]) => values.length);
  list.replaceChildren(...filled.map(([key, values]) => summaryRow(key, values)));
}

function summaryRow(key, values) {
  const lines = values.flatMap((value) => [make("br"), typeof value === "string" ? fixSpaces(value) : value]).slice(1);
  return make(
    "div",
    { class: "govuk-summary-list__row" },
    make("dt", { class: "govuk-summary-list__key" }, fixSpaces(key)),
    make("dd", { class: "govuk-summary-list__value" }, ...lines),
  );
}
