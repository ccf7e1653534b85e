// When a field was left, and the rules that judge it then. They come when a form is first typed in, so that no page is
// later for them. Where they do not come, the server says it all.

let rules = null;
let loading = null;

export const loadRules = () => (loading ??= import(RULES_MODULE).then((module) => (rules = module)).catch(() => null));

/** `{ RULES, meantAddress }` of rules.js, once they are here; null before. */
export const loadedRules = () => rules;

/** What the pointer is down on. Not all engines give a button the focus when it is clicked. */
let pressed = null;
addEventListener("pointerdown", ({ target }) => (pressed = target), true);
for (const end of ["pointerup", "pointercancel"]) addEventListener(end, () => (pressed = null), true);

/**
 * Runs `check(rules)` once the person has left the field and its own buttons, and not for the page's own doings: a
 * sending, another view. After the click that led away, if it was one, since nothing may move from under the pointer.
 */
export function onLeaving(input, check) {
  const group = input.closest(".govuk-form-group");
  let leavings = 0;
  const leave = async (leaving) => {
    const found = await loadRules();
    const { activeElement } = document;
    const isLeft = !group.contains(activeElement) && group.getClientRects().length > 0;
    if (found && leaving === leavings && isLeft && !activeElement.closest(".govuk-error-summary")) check(found);
  };
  group.addEventListener("focusout", ({ relatedTarget }) => {
    if (group.contains(relatedTarget ?? pressed)) return;
    const leaving = (leavings += 1);
    const later = () => setTimeout(leave, 0, leaving);
    if (pressed) addEventListener("pointerup", later, { once: true });
    else later();
  });
  input.form.addEventListener("submit", () => (leavings += 1));
}
