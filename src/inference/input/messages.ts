import type { Message, Part } from '../../core/completion.js';
import { MESSAGE_ROLES } from '../../core/vocabulary.js';
import type { MessageRole } from '../../core/vocabulary.js';
import { checkConversation } from './conversation.js';
import { parsePart } from './parts.js';
import { isGiven, readBoolean, readPlaces, readText, readWord, report } from './place.js';
import type { Place } from './place.js';

/** The conversation: at least one message, each sensible by itself, and every tool call with its answers. */
export function parseMessages(input: Place): readonly Message[] {
  const problemsBefore = input.problems.length;
  const places = readPlaces(input, 'messages');
  if (places.length === 0 && input.problems.length === problemsBefore) report(input, 'messages', 'must not be empty');
  const messages = places.map(parseMessage);
  // What a broken message lacks would be told again, and wrongly, about its neighbours.
  if (input.problems.length === problemsBefore) checkConversation(messages, input);
  return messages;
}

function parseMessage(place: Place): Message {
  const role = readRole(place);
  const isTool = role === 'TOOL';
  if (isTool && !isGiven(place, 'toolCallId')) report(place, 'toolCallId', 'is required with role TOOL');
  for (const name of ['toolCallId', 'isError']) if (!isTool && role && isGiven(place, name)) report(place, name, 'is only for role TOOL');
  const toolCallId = readText(place, 'toolCallId', { filled: true });
  return { role: role ?? 'USER', parts: parseParts(place, role), toolCallId, isError: readBoolean(place, 'isError') ?? false };
}

function readRole(place: Place): MessageRole | null {
  if (!isGiven(place, 'role')) return report(place, 'role', 'is required');
  return readWord(place, 'role', MESSAGE_ROLES);
}

function parseParts(place: Place, role: MessageRole | null): readonly Part[] {
  if (isGiven(place, 'text') === isGiven(place, 'parts')) {
    report(place, '', 'needs either text or parts');
    return [];
  }
  if (isGiven(place, 'text')) {
    const text = readText(place, 'text');
    return text === null ? [] : [{ kind: 'text', text, signature: null }];
  }
  const problemsBefore = place.problems.length;
  const places = readPlaces(place, 'parts');
  if (places.length === 0 && place.problems.length === problemsBefore) report(place, 'parts', 'must not be empty');
  return places.flatMap((part) => parsePart(part, role) ?? []);
}
