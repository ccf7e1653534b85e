// The mail that this tab asked for: what is known of it goes along to the help page and to the request. It stays
// in the tab and never stands in an address.
import MAILS from "../pages/_data/mails.json";
import QUOTAS from "../pages/_data/quotas.json";
import { byId, make, readableSiret, showView } from "./dom.js";
import { hour, hourInParis } from "./french.js";
import { inWords } from "./progress.js";
import { place, resume } from "./tab.js";

/** A mail takes a few minutes; who asks sooner uses up the quota for nothing. */
const RESEND_MS_MIN = 2 * 60_000;
const HOUR_MS = 3600 * 1000;

/** `{ kind, page, to, siret, identifier, fields, times }`: where it was asked for, of whom, and each time. */
const asked = place("asked");

export const readAsked = () => asked.read();

/** It was asked for now. The same mail asked for again is counted. */
function note(mail) {
  const before = asked.read();
  const isSame = before && before.kind === mail.kind && before.to === mail.to && before.identifier === mail.identifier;
  const recent = isSame ? before.times.filter((time) => Date.now() - time < HOUR_MS) : [];
  asked.write({ ...mail, times: [...recent, Date.now()] });
}

/** The subject as it stands in the mailbox. Of a mail whose SIRET the page does not know, what comes before it. */
function subject({ kind, siret }) {
  const text = MAILS.subjects[kind];
  return siret ? text.replace("{siret}", readableSiret(siret)) : text.replace(/\s*–[^–]*\{siret\}/, "…");
}

/** When the next one may be sent, by what this tab has asked for: said to everybody alike. */
function nextAt({ kind, times }) {
  const quota = QUOTAS[kind];
  const last = times[times.length - 1];
  return times.length < quota ? last + RESEND_MS_MIN : times[times.length - quota] + HOUR_MS;
}

function limit({ kind, times }) {
  const bounded = kind === "activation" ? "pour un même établissement et une même adresse" : "à une même adresse";
  const quota = `Nous envoyons au plus ${QUOTAS[kind]}\u00a0courriels par heure ${bounded}.`;
  const count = `Vous en avez demandé ${times.length} depuis ${hour(times[0])}.`;
  const next = times.length < QUOTAS[kind] ? "" : ` Le prochain pourra partir à ${hour(times[0] + HOUR_MS)}.`;
  return `${quota} ${count}${next}`;
}

/** The rows that say what to look for in the mailbox. */
export function describe(list, mail) {
  const sender = `${MAILS.sender} (${MAILS.mailbox}…)`;
  const rows = [
    ["À", mail.to ?? "L'adresse du compte"],
    ["De", sender],
    ["Objet", subject(mail)],
    ["Demandé", `à ${hour(mail.times[mail.times.length - 1])}`],
  ];
  list.replaceChildren(
    ...rows.map(([key, value]) =>
      make(
        "div",
        { class: "govuk-summary-list__row" },
        make("dt", { class: "govuk-summary-list__key" }, key),
        make("dd", { class: "govuk-summary-list__value" }, value),
      ),
    ),
  );
}

/** The limit of an hour, in words. */
export const sayLimit = (element, mail) => (element.textContent = limit(mail));

/** What the request for assistance says of it, to an agent, whose clock is that of Paris. */
export function forRequest({ siret, to, identifier, fields = {}, times, ...mail }) {
  const { first_name: first, last_name: last, phone, establishment_name } = fields;
  const who = identifier ? `Identifiant\u00a0: ${identifier}.` : `Adresse\u00a0: ${to}.`;
  const description =
    `Je n'ai pas reçu le courriel «\u00a0${subject({ ...mail, siret })}\u00a0». ${who} ` +
    `Demandé ${times.length}\u00a0fois, la dernière à ${hourInParis(times[times.length - 1])} (heure de Paris).`;
  const values = { siret, email: to, phone, establishment_name, full_name: first && `${first} ${last}`, description };
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value));
}

/** Makes a link lead back to the page where it was asked for, as it was left. */
export function enableResume(link, { page }) {
  link.href = page;
  link.addEventListener("click", () => resume(page));
}

/**
 * The step after a mail was asked for, in the view `done`. `form` is the bound form, `ask` the view where it
 * stands; `mail` what `note` is told, if it was asked for just now; `correct` what corrects it in place, if
 * something does.
 */
export function showMailStep(form, ask, mail, correct) {
  if (mail) note(mail);
  const known = asked.read();
  if (known) {
    describe(byId("mail"), known);
    sayLimit(byId("mail-limit"), known);
    countDown(known);
  }
  byId("resend").onclick = async () => {
    byId("resend").disabled = true;
    if (await form.resend(byId("resend").parentElement)) return;
    byId("resend").disabled = false;
    // What is wrong is said in the form.
    if (form.hasErrors) ask();
  };
  const correctInForm = () => {
    form.correct();
    ask();
    form.prepare();
  };
  byId("correct").onclick = correct ?? correctInForm;
  showView("done");
}

let ticking = null;

/** Each second to the eye; who listens hears when, and once that it is time. */
function countDown(mail) {
  clearInterval(ticking);
  const [button, countdown, status] = ["resend", "resend-countdown", "resend-status"].map(byId);
  const at = nextAt(mail);
  const tick = () => {
    const seconds = Math.ceil((at - Date.now()) / 1000);
    button.disabled = seconds > 0;
    countdown.textContent = seconds > 0 ? `Vous pourrez le renvoyer dans ${inWords(seconds)}.` : "";
    if (seconds > 0) return;
    clearInterval(ticking);
    status.textContent = "Rien reçu\u00a0? Vous pouvez maintenant renvoyer le courriel.";
  };
  status.replaceChildren();
  if (at > Date.now()) {
    status.append(make("span", { class: "govuk-visually-hidden" }, `Vous pourrez renvoyer le courriel à ${hour(at)}.`));
  }
  ticking = setInterval(tick, 1000);
  tick();
}
