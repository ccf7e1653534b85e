// The few things that every module does to the page.

export const byId = (id) => document.getElementById(id);

/** Makes an element: `make("p", { class: "x" }, "text", child)`. Text is never parsed as HTML. */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** Shows one view of the page and hides the others; its heading takes the focus, so that it is read out. */
export function showView(id) {
  for (const view of document.querySelectorAll("[data-view]")) view.hidden = view.id !== id;
  const heading = byId(id).querySelector("h1");
  document.title = document.title.replace(/^.*(?= — )/, heading.textContent.replace(/\s+/g, " ").trim());
  heading.tabIndex = -1;
  heading.focus();
}

/** `73282932000074` -> `732 829 320 00074`, as people read it. */
export function readableSiret(siret) {
  return siret.replace(/^(\d{3})(\d{3})(\d{3})(\d{5})$/, "$1\u00a0$2\u00a0$3\u00a0$4");
}
