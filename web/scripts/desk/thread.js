// The thread of a request: what was said and done, oldest first, each with its day and hour.
import { make } from "../dom.js";
import { fixSpaces } from "../french.js";
import { momentOf } from "./words.js";

/** A text as it was typed: its lines and spaces are the person's, nothing in it is a link. */
export const said = (text) => make("div", { class: "app-said" }, text);

/** `entries` are the service's, `titleOf(entry)` what stands over each. */
export function fillThread(list, entries, titleOf) {
  list.replaceChildren(...entries.map((entry, rank) => entryItem(entry, rank, titleOf(entry))));
}

function entryItem({ kind, by, text, reason, at }, rank, title) {
  const heading = make("h3", { class: "govuk-heading-s" }, title);
  const moment = make("p", { class: "app-thread__moment" }, make("time", { datetime: at }, fixSpaces(momentOf(at))));
  const parts = [heading, moment];
  if (text) parts.push(said(text));
  if (reason) parts.push(make("p", { class: "app-thread__reason" }, fixSpaces(`Pourquoi cette réponse : ${reason}`)));
  return make("li", { "data-name": String(rank), "data-kind": kind, "data-by": by }, ...parts);
}
