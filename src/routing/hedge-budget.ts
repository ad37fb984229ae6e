/** What a quiet hour may save up. */
const MOST_SAVED = 10;
const MAX_NODES = 10_000;
/** Shares are counted in millionths, so that twenty times 0.05 is one. */
const WHOLE = 1_000_000;

/** Keeps hedges below their share of the calls, from the first one on: each call earns the share, each hedge spends a whole. */
export interface HedgeBudget {
  earn(node: string, share: number): void;
  /** False: there is none to be spent. */
  spend(node: string): boolean;
}

export function createHedgeBudget(): HedgeBudget {
  const saved = new Map<string, number>();
  return {
    earn(node, share) {
      const before = saved.get(node) ?? 0;
      saved.delete(node);
      saved.set(node, Math.min(MOST_SAVED * WHOLE, before + Math.round(share * WHOLE)));
      const [oldest] = saved.keys();
      if (saved.size > MAX_NODES && oldest !== undefined) saved.delete(oldest);
    },
    spend(node) {
      const before = saved.get(node) ?? 0;
      if (before < WHOLE) return false;
      saved.set(node, before - WHOLE);
      return true;
    },
  };
}
