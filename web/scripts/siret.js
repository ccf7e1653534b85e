// What tells a SIRET from fourteen other digits.

/** INSEE's check: Luhn, or for La Poste a digit sum that is a multiple of 5. */
export function isSiret(digits) {
  const sum = (weigh) => [...digits].reverse().reduce((total, digit, rank) => total + weigh(Number(digit), rank), 0);
  const luhn = sum((digit, rank) => (rank % 2 ? digit * 2 - (digit > 4 ? 9 : 0) : digit));
  const isPost = digits.startsWith("356000000") && sum((digit) => digit) % 5 === 0;
  return (luhn % 10 === 0 || isPost) && !digits.startsWith("000000000");
}
