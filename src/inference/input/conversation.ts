import type { Message } from '../../core/completion.js';
import { report } from './place.js';
import type { Place } from './place.js';
import { quoted } from './text.js';

/** The calls of one assistant turn: where each stands in the input, and whether it has been answered. */
type OpenCalls = Map<string, { readonly path: string; answered: boolean }>;

/**
 * Tool calls and their answers, which providers refuse in words that help nobody: every call is answered before the
 * assistant's next turn, every answer has its call in the turn before, and no two calls of a turn share an id. Answers may
 * repeat, and other messages may stand between them: the wire formats put both in order.
 */
export function checkConversation(messages: readonly Message[], input: Place): void {
  let open: OpenCalls = new Map();
  for (const [index, message] of messages.entries()) {
    if (message.role === 'TOOL') answer(message, open, { input, path: `messages.${index}.toolCallId` });
    if (message.role !== 'ASSISTANT') continue;
    reportUnanswered(open, input);
    open = callsOf(message, { input, path: `messages.${index}.parts` });
  }
  reportUnanswered(open, input);
}

interface Where {
  readonly input: Place;
  readonly path: string;
}

function answer({ toolCallId }: Message, open: OpenCalls, { input, path }: Where): void {
  const call = toolCallId === null ? undefined : open.get(toolCallId);
  if (call) call.answered = true;
  else report(input, path, `answers no tool call of the assistant’s turn before it: ${quoted(toolCallId ?? '')}`);
}

function callsOf(message: Message, { input, path }: Where): OpenCalls {
  const calls: OpenCalls = new Map();
  for (const [index, part] of message.parts.entries()) {
    if (part.kind !== 'toolCall') continue;
    const here = `${path}.${index}.toolCall.id`;
    if (calls.has(part.id)) report(input, here, `is the id of another call of this turn: ${quoted(part.id)}`);
    else calls.set(part.id, { path: here, answered: false });
  }
  return calls;
}

function reportUnanswered(open: OpenCalls, input: Place): void {
  for (const [id, { path, answered }] of open) {
    if (!answered) report(input, path, `has no answer (role TOOL) before the assistant’s next turn: ${quoted(id)}`);
  }
}
