import type { AnswerDelta } from '../../core/answer.js';
import { isContent } from '../../core/answer.js';
import type { AttemptId } from '../../core/ids.js';
import type { Attempt, DispatchWatch } from '../../routing/contract.js';

/** What an attempt has said, and nobody has been told. */
export type Held = readonly (readonly AnswerDelta[])[];

/**
 * Keeps words back that may have to be replaced: what was delivered can't be taken back.
 * 1. Words are held while an attempt runs that may be repaired: its deployment says so, and its vendor does not vouch for the schema.
 * 2. Where none does, or what is held grows too long, everything is told as it comes.
 * 3. `aside` takes what is held for itself, and what comes next is held on its own; `tell` ends it all.
 */
export interface Holding {
  /** For dispatch; hands on to the completion's own. */
  readonly watch: DispatchWatch;
  vouches(attempt: Attempt): boolean;
  /** Words have been told: nothing may replace them. */
  readonly hasTold: boolean;
  aside(): Held;
  /** The words that count, and from now on all that come. */
  tell(held: Held): void;
}

/** In characters. */
export const MOST_HELD = 4 * 1024 * 1024;

interface State {
  readonly watch: DispatchWatch;
  /** Attempts whose words may be replaced. */
  readonly doubtful: Set<AttemptId>;
  readonly vouched: Set<AttemptId>;
  held: (readonly AnswerDelta[])[];
  characters: number;
  hasTold: boolean;
  /** Whoever speaks now is held back. */
  isAside: boolean;
}

export function createHolding(watch: DispatchWatch, maxHeld = MOST_HELD): Holding {
  const state: State = { watch, doubtful: new Set(), vouched: new Set(), held: [], characters: 0, hasTold: false, isAside: false };
  return {
    watch: watchOf(state, maxHeld),
    vouches: ({ id }) => state.vouched.has(id),
    get hasTold() {
      return state.hasTold;
    },
    aside() {
      const { held } = state;
      Object.assign(state, { held: [], characters: 0, isAside: true });
      return held;
    },
    tell(held) {
      Object.assign(state, { held: [...held], isAside: false });
      state.doubtful.clear();
      tellHeld(state);
    },
  };
}

function watchOf(state: State, maxHeld: number): DispatchWatch {
  const { watch, doubtful, vouched } = state;
  const leave = ({ id }: Attempt) => {
    doubtful.delete(id);
    // What had no content is nobody's business, and what has it is not left.
    state.held = state.held.filter((deltas) => deltas.some(isContent));
  };
  return {
    ...watch,
    onAttemptStarted(attempt) {
      if (attempt.deployment.structuredOutputRepair === true) doubtful.add(attempt.id);
      watch.onAttemptStarted?.(attempt);
    },
    onAsked({ id }, holdsSchema) {
      if (holdsSchema) {
        vouched.add(id);
        doubtful.delete(id);
      } else vouched.delete(id);
    },
    onDeltas(deltas) {
      state.held.push(deltas);
      state.characters += deltas.reduce((sum, delta) => sum + lengthOf(delta), 0);
      const isHeld = !state.hasTold && (state.isAside || doubtful.size > 0) && state.characters <= maxHeld;
      if (!isHeld) tellHeld(state);
    },
    onAttemptFailed(attempt, reason) {
      leave(attempt);
      watch.onAttemptFailed?.(attempt, reason);
    },
    onAttemptOutrun(attempt) {
      leave(attempt);
      watch.onAttemptOutrun?.(attempt);
    },
  };
}

function tellHeld(state: State): void {
  const { held, watch } = state;
  state.held = [];
  state.hasTold ||= held.some((deltas) => deltas.some(isContent));
  for (const deltas of held) watch.onDeltas(deltas);
}

function lengthOf(delta: AnswerDelta): number {
  switch (delta.type) {
    case 'text':
    case 'refusal':
      return delta.text.length;
    case 'reasoning':
      return (delta.text?.length ?? 0) + (delta.redacted?.length ?? 0);
    case 'toolCall':
      return delta.argumentsDelta.length;
    case 'media':
      return delta.base64?.length ?? 0;
    default:
      return 0;
  }
}
