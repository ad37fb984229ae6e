/**
 * Chance that can be had again: a number in [0, 1) from a decision's seed and the place it is drawn at, so that one place's
 * draw does not move with what others drew. FNV-1a over both, stirred by the finalizer of MurmurHash3.
 */
export function chanceAt(seed: string, place: string): number {
  return stirred(hashOf(seed, place));
}

/** As many draws as are asked for at one place, each for itself: the hash goes on by a step that meets every number once. */
export function chancesFrom(seed: string, place: string): () => number {
  let hash = hashOf(seed, place);
  return () => stirred((hash = (hash + 0x9e3779b9) | 0));
}

function hashOf(seed: string, place: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < seed.length; index += 1) hash = Math.imul(hash ^ seed.charCodeAt(index), 0x01000193);
  hash = Math.imul(hash ^ 0x1f, 0x01000193);
  for (let index = 0; index < place.length; index += 1) hash = Math.imul(hash ^ place.charCodeAt(index), 0x01000193);
  return hash;
}

function stirred(hash: number): number {
  let mixed = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return ((mixed ^ (mixed >>> 16)) >>> 0) / 2 ** 32;
}

/** The index that a draw in [0, 1) falls on, by weight; weights must sum to something. */
export function drawWeighted(weights: readonly number[], draw: number): number {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  let left = draw * total;
  let last = 0;
  for (const [index, weight] of weights.entries()) {
    if (weight <= 0) continue;
    last = index;
    left -= weight;
    if (left < 0) return index;
  }
  return last;
}
