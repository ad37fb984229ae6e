/** Cycles longer than this are not worth their memory: weights are scaled down to fit. */
const MAX_CYCLE = 1_000;
const MAX_CACHED = 1_000;

/** Which of several weighted branches has turn number `turn`. */
export interface SmoothTurns {
  at(weights: readonly number[], turn: number): number;
}

/**
 * Smooth weighted round robin as nginx has it (each turn raises every branch by its weight, the highest goes and pays the
 * sum): each cycle is exact, and a heavy branch does not have its turns in one run. Cycles are worked out once, so that a
 * turn's number alone decides, and decides the same again.
 */
export function createSmoothTurns(): SmoothTurns {
  const cycles = new Map<string, Uint16Array>();
  return {
    at(weights, turn) {
      const [one] = weights;
      if (weights.every((weight) => weight === one)) return turn % weights.length;
      const name = weights.join(' ');
      let cycle = cycles.get(name);
      if (!cycle) {
        if (cycles.size >= MAX_CACHED) cycles.clear();
        cycles.set(name, (cycle = smoothCycle(weights)));
      }
      return cycle[turn % cycle.length] ?? 0;
    },
  };
}

function smoothCycle(given: readonly number[]): Uint16Array {
  const weights = reduced(given);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const standing = weights.map(() => 0);
  const cycle = new Uint16Array(Math.max(1, total));
  for (let turn = 0; turn < total; turn += 1) {
    let best = 0;
    for (const [index, weight] of weights.entries()) {
      standing[index] = (standing[index] ?? 0) + weight;
      if ((standing[index] ?? 0) > (standing[best] ?? 0)) best = index;
    }
    standing[best] = (standing[best] ?? 0) - total;
    cycle[turn] = best;
  }
  return cycle;
}

function reduced(weights: readonly number[]): readonly number[] {
  const divisor = weights.reduce(greatestCommonDivisor, 0) || 1;
  const small = weights.map((weight) => weight / divisor);
  const total = small.reduce((sum, weight) => sum + weight, 0);
  if (total <= MAX_CYCLE) return small;
  const scaled = small.map((weight) => (weight === 0 ? 0 : Math.max(1, Math.round((weight * MAX_CYCLE) / total))));
  const again = scaled.reduce(greatestCommonDivisor, 0) || 1;
  return scaled.map((weight) => weight / again);
}

function greatestCommonDivisor(left: number, right: number): number {
  return right === 0 ? left : greatestCommonDivisor(right, left % right);
}
