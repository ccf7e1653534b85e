// The simulator: computed here, nothing is sent.
import RATES from "../../pages/_data/rates.json";
import { allowance } from "../allowance.js";
import { byId, make } from "../dom.js";
import { clearErrors, showErrors } from "../errors.js";

const EUROS = new Intl.NumberFormat("fr-FR", { style: "currency", currency: "EUR" });
const NUMBER = new Intl.NumberFormat("fr-FR", { maximumFractionDigits: 2 });
const PERCENT = new Intl.NumberFormat("fr-FR", { style: "percent" });

/** What each field takes: more is a slip of the finger. */
const LIMITS = {
  gross_pay: { min: 1, max: 100_000, detail: "Indiquez le salaire brut du mois, en euros, par exemple 2500." },
  weekly_hours: { min: 1, max: 48, detail: "Indiquez les heures par semaine du contrat, entre 1 et 48." },
  lost_hours: { min: 0.25, max: 250, detail: "Indiquez les heures perdues dans le mois, par exemple 70." },
};

const form = byId("simulate");
form.addEventListener("submit", (event) => {
  event.preventDefault();
  clearErrors(form);
  const { values, faults } = readFields();
  byId("done").hidden = faults.length > 0;
  if (faults.length) showErrors(form, faults);
  else showResult(values);
});
form.querySelector("[type=submit]").disabled = false;

function readFields() {
  const values = { rates: RATES.find(({ id }) => id === form.elements.rates.value) };
  const faults = [];
  for (const [name, { min, max, detail }] of Object.entries(LIMITS)) {
    values[name] = parseNumber(form.elements[name].value);
    if (!(values[name] >= min && values[name] <= max)) faults.push({ field: name, detail });
  }
  return { values, faults };
}

/** `1 234,50 €` -> 1234.5; NaN if it is no number. */
function parseNumber(text) {
  const plain = text.replace(/[\s€]/g, "").replace(",", ".");
  return plain === "" ? NaN : Number(plain);
}

function showResult({ rates, gross_pay, weekly_hours, lost_hours }) {
  const result = allowance(rates, { grossPay: gross_pay, weeklyHours: weekly_hours, lostHours: lost_hours });
  byId("employer-total").textContent = EUROS.format(result.employer.total);
  byId("employee-total").textContent = EUROS.format(result.employee.total);
  byId("left").textContent = EUROS.format(result.left);
  byId("formula").replaceChildren(...formula(result, gross_pay, lost_hours).map((line) => make("li", {}, line)));
  byId("formula-source").textContent = `${rates.label}. Sources\u00a0: ${rates.sources}.`;
  byId("done-title").focus();
}

function formula({ monthlyHours, paidHours, hourlyPay, base, isCapped, employee, employer }, grossPay, lostHours) {
  const hours = `${NUMBER.format(paidHours)} h`;
  const lines = [`Salaire horaire\u00a0: ${EUROS.format(grossPay)} ÷ ${NUMBER.format(monthlyHours)} h = ${EUROS.format(hourlyPay)}.`];
  if (isCapped) lines.push(`Il compte jusqu'à 4,5 fois le Smic, soit ${EUROS.format(base)}.`);
  if (paidHours < lostHours) lines.push(`Heures payées\u00a0: ${hours} au lieu de ${NUMBER.format(lostHours)} h, la durée du contrat ou la durée légale.`);
  lines.push(`Indemnité du salarié\u00a0: ${spell(employee, base)} ${EUROS.format(employee.hourly)} × ${hours} = ${EUROS.format(employee.total)}.`);
  lines.push(`Allocation de l'employeur\u00a0: ${spell(employer, base)} ${EUROS.format(employer.hourly)} × ${hours} = ${EUROS.format(employer.total)}.`);
  return lines;
}

function spell({ rate, raw, hourly, isFloor }, base) {
  const product = `${PERCENT.format(rate)} de ${EUROS.format(base)} = ${EUROS.format(raw)} par heure`;
  return isFloor ? `${product}, relevé au minimum de ${EUROS.format(hourly)}.` : `${product}.`;
}
