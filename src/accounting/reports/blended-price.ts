import { picoUsd } from '../../core/money.js';
import type { PicoUsd } from '../../core/money.js';

const MILLION = 1_000_000n;

/** Dollars for a million tokens: a ratio, so it is rounded, half to even, to a picodollar. Null where there were no tokens. */
export function perMillion(total: PicoUsd, tokens: number): PicoUsd | null {
  if (tokens <= 0) return null;
  const divisor = BigInt(tokens);
  const scaled = total * MILLION;
  const quotient = scaled / divisor;
  const twiceRest = (scaled % divisor) * 2n;
  const roundsUp = twiceRest > divisor || (twiceRest === divisor && quotient % 2n === 1n);
  return picoUsd(roundsUp ? quotient + 1n : quotient);
}
