// A form of the desk: as any other, besides what every route of the desk may answer.
import { byId } from "../dom.js";
import { bindForm } from "../form.js";

/** `desk` is the page's; `options` are those of `bindForm`, whose `onRefused` is told the form too. */
export function bindDeskForm(desk, id, { onRefused = () => false, ...options }) {
  const form = bindForm(byId(id), {
    ...options,
    onRefused: (answer) => onRefused(answer, form) || desk.refuses(answer),
  });
  return form;
}
