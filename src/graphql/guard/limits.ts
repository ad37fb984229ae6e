/** What a document and its variables may hold, at every door. */
export interface GuardLimits {
  readonly tokens: number;
  /** Levels of fields; introspection is exempt. */
  readonly depth: number;
  readonly aliases: number;
  readonly rootFields: number;
  /** Levels of lists and objects in the variables. */
  readonly variableDepth: number;
  /** Objects an answer may come to, by its page sizes. */
  readonly cost: number;
  readonly cachedDocuments: number;
  readonly cachedCharacters: number;
}

export const GUARD_LIMITS: GuardLimits = {
  tokens: 2_000,
  depth: 12,
  aliases: 15,
  rootFields: 10,
  variableDepth: 64,
  cost: 100_000,
  cachedDocuments: 1_000,
  cachedCharacters: 8_000_000,
};

/** Whether lists and objects in `value` are nested deeper than `limit`; never recurses further than that. */
export function isDeeperThan(value: unknown, limit: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (limit === 0) return true;
  const members: unknown[] = Array.isArray(value) ? value : Object.values(value);
  return members.some((member) => isDeeperThan(member, limit - 1));
}
