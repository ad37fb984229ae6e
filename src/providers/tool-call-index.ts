import type { AnswerDelta } from '../core/answer.js';

/**
 * Which call a delta belongs to. Vendors number parallel calls by `index`; some leave it out, and then tell them apart by
 * id or by sending each call whole; some number all of them 0 and only change the id.
 */
export interface ToolCallState {
  readonly calls: readonly CallState[];
  /** How many calls have been told; the next one's own number. */
  readonly announced: number;
}

interface CallState {
  readonly vendorIndex: number | null;
  readonly vendorId: string | null;
  /** Our number, 0, 1, 2 …; null while the vendor has not named the tool. */
  readonly index: number | null;
  /** Arguments that came before the name. */
  readonly held: string;
}

/** What one piece of a stream says of one call. */
export interface CallFragment {
  readonly vendorIndex: number | null;
  readonly vendorId: string | null;
  readonly name: string | null;
  readonly args: string;
}

export const NO_CALLS: ToolCallState = { calls: [], announced: 0 };

type Step = readonly [ToolCallState, readonly AnswerDelta[]];

/** Adds a fragment to the call it belongs to; one that says nothing makes no call. */
export function addFragment(state: ToolCallState, fragment: CallFragment): Step {
  if (fragment.vendorId === null && fragment.name === null && fragment.args === '') return [state, []];
  const position = findCall(state.calls, fragment);
  const known = state.calls[position];
  const call = known ?? { vendorIndex: fragment.vendorIndex, vendorId: fragment.vendorId, index: null, held: '' };
  const [told, deltas] = tell(call, fragment, state.announced);
  const announced = call.index === null && told.index !== null ? state.announced + 1 : state.announced;
  const calls = known === undefined ? [...state.calls, told] : state.calls.with(position, told);
  return [{ calls, announced }, deltas];
}

/** The position of the call that a fragment goes on with, or one past the end where it begins a new one. */
function findCall(calls: readonly CallState[], fragment: CallFragment): number {
  const begins = calls.length;
  const { vendorIndex, vendorId, name } = fragment;
  const position =
    vendorIndex === null
      ? calls.findLastIndex((call) => vendorId !== null && call.vendorId === vendorId)
      : calls.findLastIndex((call) => call.vendorIndex === vendorIndex);
  const call = calls[position];
  if (call !== undefined) return isAnother(call, fragment) ? begins : position;
  return vendorIndex === null && vendorId === null && name === null && begins > 0 ? begins - 1 : begins;
}

/** The same number with another id and a name of its own: the vendor does not number its calls. */
function isAnother(call: CallState, { vendorId, name }: CallFragment): boolean {
  return vendorId !== null && name !== null && call.vendorId !== null && call.vendorId !== vendorId;
}

function tell(call: CallState, fragment: CallFragment, nextIndex: number): readonly [CallState, readonly AnswerDelta[]] {
  if (call.index !== null) {
    if (fragment.args === '') return [call, []];
    return [call, [{ type: 'toolCall', index: call.index, argumentsDelta: fragment.args }]];
  }
  const vendorId = call.vendorId ?? fragment.vendorId;
  const args = call.held + fragment.args;
  if (fragment.name === null) return [{ ...call, vendorId, held: args }, []];
  const id = vendorId ?? `call_${String(nextIndex)}`;
  return [
    { ...call, vendorId, index: nextIndex, held: '' },
    [{ type: 'toolCall', index: nextIndex, id, name: fragment.name, argumentsDelta: args }],
  ];
}
