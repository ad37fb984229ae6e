import type { ContentKeeper } from '../cache/contract.js';
import type { Message } from '../core/completion.js';
import type { CompletionState } from '../core/inference.js';
import { bytesOfResult, isOperation } from '../core/operations.js';
import { wasNeverSent } from './records.js';
import { redactAnswer, redactMessages } from './redaction.js';
import type { CompletionRegistry } from './registry.js';
import { KEYED_MS, retentionOf } from './retention.js';
import type { RunningCompletion } from './running.js';
import type { CompletionStart } from './start.js';

export interface KeepingDependencies {
  readonly keeper: ContentKeeper;
  readonly registry: CompletionRegistry;
}

/** Hands what has ended over to be kept; does nothing where nothing of it is promised to anybody. */
export function keepContent({ start, log }: RunningCompletion, state: CompletionState, { keeper, registry }: KeepingDependencies): void {
  const { id, principal, payloadStorage } = start;
  const { eventsMs, payloadMs } = retentionOf(start);
  const keyed = start.keyed && !wasNeverSent(state.record);
  if (eventsMs === null && payloadMs === null && !keyed) return;
  const after = (ms: number) => new Date((state.record.endedAt ?? start.createdAt).getTime() + ms);
  keeper.keep({
    organizationId: principal.organizationId,
    id,
    events: eventsMs === null ? null : { value: log.events, until: after(eventsMs) },
    payload: payloadMs === null ? null : { value: payloadOf(start, state), until: after(payloadMs) },
    keyUntil: keyed ? after(KEYED_MS) : null,
    bytes: log.bytes + (payloadStorage.mode === 'NONE' ? 0 : bytesOf(messagesOf(start))) + bytesOfResult(state.result),
    onStored: () => registry.stored(id),
  });
}

function payloadOf(start: CompletionStart, { message }: CompletionState) {
  const prompt = messagesOf(start);
  if (start.payloadStorage.mode === 'FULL') return { prompt, message };
  return { prompt: redactMessages(prompt), message: message && redactAnswer(message) };
}

/** Of other operations nothing is stored beyond what their keys promise. */
function messagesOf({ call }: CompletionStart): readonly Message[] {
  return isOperation(call) ? [] : call.messages;
}

function bytesOf(messages: readonly Message[]): number {
  let length = 0;
  for (const { parts } of messages)
    for (const part of parts) {
      if ('media' in part) length += part.media.base64?.length ?? 0;
      else length += part.kind === 'toolCall' ? part.arguments.length : (part.text?.length ?? 0);
    }
  return 2 * length;
}
