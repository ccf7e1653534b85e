// What partial activity pays for one employee and one month. Pure: the rates are an argument.

/** The legal working time: hours above it are not paid for. */
export const WEEKLY_HOURS_MAX = 35;
export const MONTHLY_HOURS_MAX = 151.67;
/** Pay counts up to this many times the minimum wage. */
const MINIMUM_WAGES_MAX = 4.5;
const WEEKS_A_MONTH = 52 / 12;

/**
 * `rates` is one entry of rates.json. `grossPay` is in euros a month, `weeklyHours` are the contract's,
 * `lostHours` are those of the month. Amounts are in euros, each hourly one rounded to the cent before
 * it is multiplied, as a pay slip does.
 */
export function allowance(rates, { grossPay, weeklyHours, lostHours }) {
  const monthlyHours = toCents(weeklyHours * WEEKS_A_MONTH);
  const paidHours = Math.min(lostHours, monthlyHours, MONTHLY_HOURS_MAX);
  const hourlyPay = toCents(grossPay / monthlyHours);
  const hourlyMax = rates.minimum_wage * MINIMUM_WAGES_MAX;
  const base = Math.min(hourlyPay, hourlyMax);
  const employee = share(rates.employee, base, hourlyPay, paidHours);
  const employer = share(rates.employer, base, hourlyPay, paidHours);
  return { monthlyHours, paidHours, hourlyPay, base, isCapped: base < hourlyPay, employee, employer, left: employee.total - employer.total };
}

/** A floor never gives more than the pay itself. */
function share({ rate, floor }, base, hourlyPay, paidHours) {
  const raw = toCents(base * rate);
  const hourly = Math.max(raw, Math.min(floor, hourlyPay));
  return { rate, raw, hourly, isFloor: hourly > raw, total: toCents(hourly * paidHours) };
}

/** The small part more keeps 1.005, which is stored below itself, from being rounded down. */
const toCents = (amount) => Math.round(amount * 100 + 1e-6) / 100;
