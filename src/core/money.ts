/**
 * Exact money: integers of 10⁻¹² US dollars. There is no floating point on the way from a price to a sum.
 */
declare const picoUsdBrand: unique symbol;

/** An amount in picodollars (10⁻¹² USD). */
export type PicoUsd = bigint & { readonly [picoUsdBrand]: true };

const FRACTION_DIGITS = 12;
const SCALE = 10n ** BigInt(FRACTION_DIGITS);
const DECIMAL = /^(-?)(\d{1,26})(?:\.(\d+))?$/;

export const ZERO_PICO_USD = picoUsd(0n);

export function picoUsd(amount: bigint): PicoUsd {
  return amount as PicoUsd;
}

/**
 * A decimal string in dollars ("0.054399") as picodollars; null where it is no plain decimal or is finer than 10⁻¹².
 */
export function parseUsd(text: string): PicoUsd | null {
  const match = DECIMAL.exec(text);
  if (!match) return null;
  const [, sign, whole = '', fraction = ''] = match;
  const digits = fraction.replace(/0+$/, '');
  if (digits.length > FRACTION_DIGITS) return null;
  const magnitude = BigInt(whole) * SCALE + BigInt(digits.padEnd(FRACTION_DIGITS, '0'));
  return picoUsd(sign === '-' ? -magnitude : magnitude);
}

/** The shortest decimal string in dollars: "0.054399", "3", "-0.5"; never an exponent. */
export function formatUsd(amount: PicoUsd): string {
  const magnitude = amount < 0n ? -amount : amount;
  const whole = magnitude / SCALE;
  const fraction = (magnitude % SCALE).toString().padStart(FRACTION_DIGITS, '0').replace(/0+$/, '');
  const sign = amount < 0n ? '-' : '';
  return fraction === '' ? `${sign}${whole}` : `${sign}${whole}.${fraction}`;
}

export function addUsd(left: PicoUsd, right: PicoUsd): PicoUsd {
  return picoUsd(left + right);
}
