import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { allowance } from "../scripts/allowance.js";

const RATES = JSON.parse(readFileSync(new URL("../pages/_data/rates.json", import.meta.url)));
const rates = (id) => RATES.find((entry) => entry.id === id);
const fullTime = (grossPay, lostHours) => ({ grossPay, weeklyHours: 35, lostHours });

test("a full-time month lost at 2,500 € gross, 2026", () => {
  const result = allowance(rates("common-2026"), fullTime(2500, 151.67));
  assert.equal(result.hourlyPay, 16.48);
  assert.deepEqual([result.employee.hourly, result.employer.hourly], [9.89, 8.57]);
  assert.deepEqual([result.employee.total, result.employer.total], [1500.02, 1299.81]);
  assert.equal(result.employer.isFloor, true);
});

test("pay is capped at 4.5 times the minimum wage", () => {
  const common = allowance(rates("common-2026"), fullTime(20000, 10));
  assert.deepEqual([common.employee.hourly, common.employer.hourly], [32.45, 19.47]);
  assert.equal(common.isCapped, true);
});

test("March to May 2020 leaves the employer nothing to pay; June leaves a part", () => {
  assert.equal(allowance(rates("common-2020-03"), fullTime(2500, 100)).left, 0);
  assert.ok(allowance(rates("common-2020-06"), fullTime(2500, 100)).left > 0);
});

test("the long-term scheme pays 70 % and 60 %, at least 9.52 €", () => {
  const low = allowance(rates("long-term-2026"), fullTime(1823.03, 10));
  assert.deepEqual([low.employee.hourly, low.employer.hourly], [9.52, 9.52]);
  const high = allowance(rates("long-term-2026"), fullTime(4000, 10));
  assert.deepEqual([high.employee.hourly, high.employer.hourly], [18.46, 15.82]);
});

test("hours above 35 a week, or above the contract's, are not paid for", () => {
  const long = allowance(rates("common-2026"), { grossPay: 2500, weeklyHours: 39, lostHours: 169 });
  assert.equal(long.paidHours, 151.67);
  const short = allowance(rates("common-2026"), { grossPay: 1200, weeklyHours: 20, lostHours: 100 });
  assert.equal(short.paidHours, 86.67);
});

test("the floor gives no more than the pay itself", () => {
  const apprentice = allowance(rates("common-2026"), fullTime(800, 10));
  assert.equal(apprentice.employee.hourly, apprentice.hourlyPay);
});
