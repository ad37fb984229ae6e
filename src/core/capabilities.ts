import type { CompletionCall } from './completion.js';
import { isOperation } from './operations.js';
import type { InferenceCall } from './operations.js';
import type { Capability } from './vocabulary.js';

/** What a call can't be made without, and what in it asks for that. */
export interface Need {
  readonly capability: Capability;
  readonly because: string;
}

const holds = ({ messages }: CompletionCall, kind: 'image' | 'audio' | 'document') =>
  messages.some(({ parts }) => parts.some((part) => part.kind === kind));

/** No other capability is needed so: for the lack of each there is another way, which `warnings` tell. */
const NEEDS: readonly (Need & { readonly asks: (call: CompletionCall) => boolean })[] = [
  { capability: 'TOOLS', because: 'the call has tools', asks: ({ tools, toolChoice }) => tools.length > 0 && !forbidsTools(toolChoice) },
  { capability: 'VISION', because: 'the call holds an image', asks: (call) => holds(call, 'image') },
  { capability: 'AUDIO_INPUT', because: 'the call holds a sound', asks: (call) => holds(call, 'audio') },
  { capability: 'DOCUMENTS', because: 'the call holds a document', asks: (call) => holds(call, 'document') },
];

const NONE: readonly Need[] = [];

export function needsOf(call: InferenceCall): readonly Need[] {
  if (isOperation(call)) return NONE;
  const needs = NEEDS.filter(({ asks }) => asks(call));
  return needs.length === 0 ? NONE : needs.map(({ capability, because }) => ({ capability, because }));
}

/** Whether a model is known not to have a capability. One of which nothing is known but that it streams may have any. */
export function lacks(capabilities: ReadonlySet<Capability>, capability: Capability): boolean {
  return !capabilities.has(capability) && (capabilities.size > 1 || (capabilities.size === 1 && !capabilities.has('STREAMING')));
}

function forbidsTools(choice: CompletionCall['toolChoice']): boolean {
  return choice?.kind === 'mode' && choice.mode === 'NONE';
}
