import type { WireFormat } from '../../src/core/vocabulary.js';
import type { ProviderTarget } from '../../src/providers/contract.js';

/**
 * What vendors refuse of a conversation with a 400, each rule as its maker documents it; the shapes themselves are held to the vendors'
 * own types elsewhere. A check throws with the vendor's words, and is fit for a server that answers so.
 */
type Json = Readonly<Record<string, unknown>>;
type StrictCheck = (body: Json, upstreamModel: string) => void;

class Refused extends Error {}

function refuse(words: string): never {
  throw new Refused(words);
}

const list = (value: unknown): readonly Json[] => (Array.isArray(value) ? (value as Json[]) : []);
const object = (value: unknown): Json => (typeof value === 'object' && value !== null ? (value as Json) : {});
const text = (value: unknown): string | null => (typeof value === 'string' ? value : null);
const isBlank = (value: unknown) => (text(value) ?? '').trim() === '';

function sameIds(given: readonly unknown[], wanted: readonly unknown[], words: string): void {
  if (JSON.stringify([...given].sort()) !== JSON.stringify([...wanted].sort())) refuse(`${words}: ${JSON.stringify([given, wanted])}`);
}

function unique(ids: readonly unknown[]): void {
  if (new Set(ids).size < ids.length) refuse(`ids must be unique: ${JSON.stringify(ids)}`);
}

/** https://platform.openai.com/docs/api-reference/chat/create */
function openAiChat(body: Json): void {
  let open: unknown[] = [];
  for (const message of list(body['messages'])) {
    if (message['role'] === 'tool') {
      if (!open.includes(message['tool_call_id']))
        refuse("messages with role 'tool' must be a response to a preceding message with 'tool_calls'");
      open = open.filter((id) => id !== message['tool_call_id']);
      continue;
    }
    if (open.length > 0) refuse(`tool_call_ids did not have response messages: ${JSON.stringify(open)}`);
    const calls = list(message['tool_calls']);
    if (message['content'] === null && calls.length === 0) refuse('content is required');
    if (Array.isArray(message['content']) && message['content'].length === 0) refuse('content is empty');
    open = calls.map(({ id }) => id);
    unique(open);
    for (const call of calls) JSON.parse(text(object(call['function'])['arguments']) ?? '');
  }
  if (open.length > 0) refuse(`tool_call_ids did not have response messages: ${JSON.stringify(open)}`);
  if (list(body['messages']).length === 0) refuse('messages is empty');
}

/** https://platform.openai.com/docs/api-reference/responses/create */
function openAiResponses(body: Json): void {
  const items = list(body['input']);
  const calls = items.filter(({ type }) => type === 'function_call').map((item) => item['call_id']);
  const outputs = items.filter(({ type }) => type === 'function_call_output').map((item) => item['call_id']);
  unique(calls);
  sameIds(outputs, calls, 'No tool output found for function call');
  if (items.length === 0) refuse('input is empty');
  for (const [position, item] of items.entries()) {
    const before = items.slice(0, position).some((each) => each['type'] === 'function_call' && each['call_id'] === item['call_id']);
    if (item['type'] === 'function_call_output' && !before) refuse('No tool call found for function call output');
    if (item['type'] !== 'reasoning') continue;
    if (!(text(item['id']) ?? '').startsWith('rs_')) refuse('Invalid id of a reasoning item');
    if (!(text(item['encrypted_content']) ?? '').startsWith('gAAA')) refuse('The encrypted content could not be verified');
  }
}

/** https://platform.claude.com/docs/en/agents-and-tools/tool-use/implement-tool-use and …/build-with-claude/extended-thinking */
function anthropic(body: Json): void {
  const messages = list(body['messages']).map((message) => ({ role: message['role'], content: list(message['content']) }));
  if (messages[0]?.role !== 'user') refuse('first message must use the "user" role');
  unique(messages.flatMap(({ content }) => content.filter(({ type }) => type === 'tool_use').map(({ id }) => id)));
  for (const [position, { content }] of messages.entries()) {
    if (content.length === 0) refuse('messages must have non-empty content');
    const called = (messages[position - 1]?.content ?? []).filter(({ type }) => type === 'tool_use').map(({ id }) => id);
    const results = content.filter(({ type }) => type === 'tool_result').map((block) => block['tool_use_id']);
    sameIds(results, called, '`tool_use` ids were found without `tool_result` blocks immediately after');
    if (content.slice(0, results.length).some(({ type }) => type !== 'tool_result')) refuse('tool_result blocks must come first');
    for (const block of content) anthropicBlock(block);
  }
  const last = messages.at(-1);
  if (last?.role === 'assistant' && last.content.some(({ type }) => type === 'tool_use')) refuse('tool_use without tool_result');
  if (object(body['thinking'])['type'] !== 'enabled') return;
  const caller = messages.findLast(({ role, content }) => role === 'assistant' && content.some(({ type }) => type === 'tool_use'));
  const after = messages.slice(caller === undefined ? 0 : messages.indexOf(caller) + 1);
  const isTurn = after.every(({ content }) => content.every(({ type }) => type === 'tool_result'));
  if (caller !== undefined && isTurn && !/thinking/.test(text(caller.content[0]?.['type']) ?? ''))
    refuse('Expected `thinking` or `redacted_thinking`, but found `tool_use`');
}

function anthropicBlock(block: Json): void {
  if (block['type'] === 'text' && isBlank(block['text'])) refuse('text content blocks must contain non-whitespace text');
  if (block['type'] === 'thinking' && !(text(block['signature']) ?? '').startsWith('EqQ'))
    refuse('Invalid `signature` in `thinking` block');
  if (block['type'] === 'redacted_thinking' && !(text(block['data']) ?? '').startsWith('Emw'))
    refuse('Invalid `data` in `redacted_thinking`');
  if (block['type'] === 'tool_use' && !/^[\w-]+$/.test(text(block['id']) ?? '')) refuse('String should match pattern ^[a-zA-Z0-9_-]+$');
}

/** https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ContentBlock.html */
function bedrock(body: Json): void {
  const messages = list(body['messages']).map((message) => ({ role: message['role'], content: list(message['content']) }));
  if (messages[0]?.role !== 'user') refuse('A conversation must start with a user message');
  for (const [position, { role, content }] of messages.entries()) {
    const before = messages[position - 1];
    if (role === before?.role) refuse('A conversation must alternate between user and assistant roles');
    if (content.length === 0) refuse('The content field is empty');
    const called = (before?.content ?? []).flatMap((block) => object(block['toolUse'])['toolUseId'] ?? []);
    const results = content.flatMap((block) => object(block['toolResult'])['toolUseId'] ?? []);
    sameIds(results, called, 'Expected toolResult blocks for the following Ids');
    for (const block of content) {
      if ('text' in block && isBlank(block['text'])) refuse('The text field in the ContentBlock object is blank');
      const thought = object(block['reasoningContent']);
      const signature = object(thought['reasoningText'])['signature'];
      if (signature !== undefined && !(text(signature) ?? '').startsWith('EqQ')) refuse('Invalid signature');
    }
  }
  const lastCalls = (messages.at(-1)?.content ?? []).filter((block) => 'toolUse' in block);
  if (lastCalls.length > 0) refuse('Expected toolResult blocks');
}

/** https://ai.google.dev/gemini-api/docs/thought-signatures and …/function-calling */
function gemini(body: Json, upstreamModel: string): void {
  const contents = list(body['contents']).map((content) => ({ role: content['role'], parts: list(content['parts']) }));
  if (contents[0]?.role !== 'user') refuse('Please ensure that the conversation starts with a user turn');
  const turn = contents.findLastIndex(({ role, parts }) => role === 'user' && !parts.some((part) => 'functionResponse' in part));
  for (const [position, { role, parts }] of contents.entries()) {
    if (parts.length === 0) refuse('contents.parts must not be empty');
    const before = contents[position - 1]?.parts ?? [];
    const called = before.flatMap((part) => ('functionCall' in part ? [object(part['functionCall'])['name']] : []));
    const answered = parts.flatMap((part) => ('functionResponse' in part ? [object(part['functionResponse'])['name']] : []));
    if (JSON.stringify(called) !== JSON.stringify(answered))
      refuse('the number of function response parts is equal to the number of function call parts of the function call turn');
    const first = parts.find((part) => 'functionCall' in part);
    // Models before the third generation want none.
    const wantsSignature = role === 'model' && position > turn && !/-[12]\./.test(upstreamModel);
    if (wantsSignature && first !== undefined && first['thoughtSignature'] === undefined)
      refuse('Function call is missing a thought_signature in functionCall parts');
    for (const signature of parts.flatMap((part) => part['thoughtSignature'] ?? []))
      if (!/^(Ci|skip_thought_signature_validator$)/.test(text(signature) ?? '')) refuse('Thought signature is not valid');
  }
  if ((contents.at(-1)?.parts ?? []).some((part) => 'functionCall' in part))
    refuse('function call turn comes immediately before a response turn');
}

const STRICT_VENDORS: Readonly<Record<WireFormat, StrictCheck>> = {
  OPENAI_CHAT: openAiChat,
  OPENAI_RESPONSES: openAiResponses,
  ANTHROPIC_MESSAGES: anthropic,
  BEDROCK_CONVERSE: bedrock,
  GEMINI: gemini,
};

/** What the vendor would refuse, or null. */
export function refusalOf({ wireFormat, upstreamModel }: Pick<ProviderTarget, 'wireFormat' | 'upstreamModel'>, body: Json): string | null {
  try {
    STRICT_VENDORS[wireFormat](body, upstreamModel);
    return null;
  } catch (error) {
    if (error instanceof Refused || error instanceof SyntaxError) return error.message;
    throw error;
  }
}
