// «Vouliez-vous dire jeanne@gmail.com ?», asked below an address that is nearly one. It proposes, one tap takes it, and
// nothing else comes of it.
import { make } from "./dom.js";
import { onLeaving } from "./leaving.js";

export function enableSuggestion(input) {
  const place = make("p", { class: "app-suggestion", role: "status" });
  input.after(place);
  onLeaving(input, ({ meantAddress }) => {
    const meant = meantAddress(input.value);
    // Said once, as long as it is the same.
    if (place.querySelector("button")?.textContent === meant) return;
    place.replaceChildren(...(meant ? asked(input, meant) : []));
  });
  input.addEventListener("input", () => place.replaceChildren());
}

function asked(input, meant) {
  const button = make("button", { type: "button", class: "app-suggestion__take" }, meant);
  button.addEventListener("click", () => {
    input.value = meant;
    // As if it had been typed: kept, judged, and the question gone with it.
    input.dispatchEvent(new Event("input", { bubbles: true }));
    input.focus();
  });
  return ["Vouliez-vous dire ", button, "\u00a0?"];
}
