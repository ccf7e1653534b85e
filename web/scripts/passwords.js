// The button that shows a password while it is typed.
import { PasswordInput } from "govuk-frontend/dist/govuk/components/password-input/password-input.mjs";

export function enablePasswords() {
  for (const element of document.querySelectorAll("[data-module=govuk-password-input]")) new PasswordInput(element);
}
