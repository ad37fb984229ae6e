import type { Known, Trouble } from './clients.js';

/** A time in which the product could not do its work, by `performance.now()`. */
export interface Outage {
  readonly kind: 'kill' | 'terminate' | 'away';
  readonly fromMs: number;
  readonly toMs: number;
}

export interface Complaints {
  /** Clients whom nobody told how their call ended, though they went on asking. */
  readonly stranded: readonly string[];
  /** Refusals and broken connections while nothing was out of order. */
  readonly unexcused: readonly string[];
}

/** What says that nobody knows yet, and may be heard for as long as the owner of a call may still be alive. */
const UNDECIDED = new Set(['EVENTS_ELSEWHERE']);
/** Of words that were on their way to the store, and of calls whose claim was cut off. */
const LOST_IN_AN_OUTAGE = new Set(['EVENTS_EXPIRED']);

export interface Troubled {
  readonly outages: readonly Outage[];
  /** How long after each the product may take until it is itself again. */
  readonly recoveryMs: number;
}

/**
 * What clients may complain of: 1. Each is told in the end what came of its call, but for who asked without a key and lost its connection
 * to a kill. 2. SERVICE_UNAVAILABLE and broken connections are for outages, and a moment after; words are lost to them alone.
 */
export function complaintsOf(knowns: readonly Known[], troubled: Troubled): Complaints {
  const stranded: string[] = [];
  const unexcused: string[] = [];
  for (const known of knowns) {
    const { action, end, troubles } = known;
    const name = `${action.tag} (${action.door}, ${action.key === null ? 'no key' : 'key'})`;
    if (end === 'time-up' || (end === 'unknown' && !mayBeUnknown(known))) stranded.push(`${name}: ${end} after ${listOf(troubles)}`);
    const faults = troubles.filter((trouble) => !isExcused(trouble, known, troubled));
    if (faults.length > 0) unexcused.push(`${name}: ${listOf(faults)}, ${sinceOutages(faults, troubled)}`);
  }
  return { stranded, unexcused };
}

function isExcused({ what, atMs }: Trouble, { beganMs }: Known, { outages, recoveryMs }: Troubled): boolean {
  if (UNDECIDED.has(what)) return true;
  if (LOST_IN_AN_OUTAGE.has(what)) return outages.some(({ fromMs, toMs }) => toMs > beganMs && fromMs < atMs);
  return outages.some(({ fromMs, toMs }) => atMs >= fromMs && atMs <= toMs + recoveryMs);
}

function sinceOutages([first]: readonly Trouble[], { outages }: Troubled): string {
  const last = first && outages.findLast(({ fromMs }) => fromMs < first.atMs);
  return first && last ? `${Math.round(first.atMs - last.toMs)} ms after ${last.kind}` : 'before any outage';
}

function mayBeUnknown({ action, troubles }: Known): boolean {
  return action.key === null && troubles.at(-1)?.what === 'broken';
}

function listOf(troubles: readonly Trouble[]): string {
  const words = troubles.map(({ what, message }) => (message === '' ? what : `${what} “${message}”`));
  return words.filter((word, index) => word !== words[index - 1]).join(', ');
}
