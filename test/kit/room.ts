/** A promise of time is held to with room for a machine ten times slower than the one it was made for. */
export const withRoom = (promisedMs: number): number => promisedMs * 10;
