import type { AnswerDelta } from '../../core/answer.js';
import { isJsonObject } from '../../core/json.js';
import type { JsonObject, JsonValue } from '../../core/json.js';
import type { TokenUsage } from '../../core/usage.js';
import type { FinishReason } from '../../core/vocabulary.js';
import { ANSWER_TOOL } from '../answer-tool.js';
import { listOf, numberOf, objectOf, textOf, wordOf } from '../json-read.js';
import { CLAUDE_STOP_REASONS, finishReasonIn } from '../stop-reasons.js';
import { tokensOf, usageBesideCache } from '../usage-read.js';

/** Put before a closed thought: what Anthropic itself closed has another form, and neither takes the other's. */
export const REDACTED_MARK = 'bedrock:';

/** What has to be remembered between two events of one message. */
export interface ConverseState {
  /** The blocks that have begun and not ended, by the vendor's number. */
  readonly open: ReadonlyMap<number, OpenBlock>;
  /** How many calls have been told; the next one's own number. */
  readonly calls: number;
  readonly rawFinish: string | null;
  readonly ended: boolean;
  /** What is told as input holds what the cache gave and took. */
  readonly inputHoldsCache: boolean;
}

type OpenBlock =
  /** `call` is null for the tool that stands for structured output: its input is the answer's text. */
  | { readonly kind: 'tool'; readonly id: string | null; readonly call: number | null; readonly hasInput: boolean }
  | { readonly kind: 'reasoning'; readonly signature: string };

export const INITIAL_STATE: ConverseState = { open: new Map(), calls: 0, rawFinish: null, ended: false, inputHoldsCache: false };

type Step = readonly [ConverseState, readonly AnswerDelta[]];

/**
 * Reads one event, `{"<type>": …}`: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStreamOutput.html.
 * Kinds we don't know say nothing.
 */
export function reduceEvent(state: ConverseState, event: JsonObject): Step {
  const [type = ''] = Object.keys(event);
  const said = objectOf(event[type]);
  const position = numberOf(said['contentBlockIndex']) ?? 0;
  switch (type) {
    case 'contentBlockStart':
      return startBlock(state, position, objectOf(said['start']));
    case 'contentBlockDelta':
      return continueBlock(state, position, objectOf(said['delta']));
    case 'contentBlockStop':
      return stopBlock(state, position);
    case 'messageStop':
      return [{ ...state, rawFinish: wordOf(said['stopReason']) ?? '' }, []];
    case 'metadata':
      return endMessage(state, said);
    default:
      return [state, []];
  }
}

/** A whole answer as the events that it would have come in: so both forms mean the same. */
export function eventsOf(body: JsonObject): readonly JsonObject[] {
  const blocks = listOf(objectOf(objectOf(body['output'])['message'])['content']).map(objectOf);
  return [
    ...blocks.flatMap((block, index) => eventsOfBlock(block, index)),
    { messageStop: { stopReason: body['stopReason'] } },
    { metadata: { usage: body['usage'], serviceTier: body['serviceTier'] } },
  ];
}

function eventsOfBlock(block: JsonObject, contentBlockIndex: number): readonly JsonObject[] {
  const delta = (said: JsonObject): JsonObject => ({ contentBlockDelta: { contentBlockIndex, delta: said } });
  const tool = block['toolUse'];
  const thought = objectOf(block['reasoningContent']);
  const { text, signature } = objectOf(thought['reasoningText']);
  const quoted = listOf(objectOf(block['citationsContent'])['content']).map(objectOf);
  const events: JsonObject[] = [];
  if (isJsonObject(tool)) {
    events.push({ contentBlockStart: { contentBlockIndex, start: { toolUse: tool } } });
    if (isJsonObject(tool['input'])) events.push(delta({ toolUse: { input: JSON.stringify(tool['input']) } }));
  } else if (block['reasoningContent'] !== undefined) {
    const pieces = [{ text }, { signature }, { redactedContent: thought['redactedContent'] }];
    events.push(...pieces.map((piece) => delta({ reasoningContent: piece })));
  } else if (block['image'] !== undefined) events.push(delta({ image: block['image'] }));
  else events.push(...[...quoted, block].map((each) => delta({ text: each['text'] })));
  return [...events, { contentBlockStop: { contentBlockIndex } }];
}

/** What names no tool is no call, and a block that begins twice is one. */
function startBlock(state: ConverseState, position: number, start: JsonObject): Step {
  const tool = start['toolUse'];
  const name = isJsonObject(tool) ? textOf(tool['name']) : null;
  if (!isJsonObject(tool) || name === null) return [state, []];
  const id = textOf(tool['toolUseId']);
  const known = state.open.get(position);
  if (known?.kind === 'tool' && known.id === id) return [state, []];
  if (name === ANSWER_TOOL) return [opened(state, position, { kind: 'tool', id, call: null, hasInput: false }), []];
  const call = state.calls;
  const next = { ...opened(state, position, { kind: 'tool', id, call, hasInput: false }), calls: call + 1 };
  return [next, [{ type: 'toolCall', index: call, id: id ?? `call_${String(call)}`, name, argumentsDelta: '' }]];
}

function opened(state: ConverseState, position: number, block: OpenBlock): ConverseState {
  return { ...state, open: new Map(state.open).set(position, block) };
}

/** Only tools announce their blocks; the first delta begins any other. */
function continueBlock(state: ConverseState, position: number, delta: JsonObject): Step {
  const text = textOf(delta['text']);
  if (text !== null) return [state, [{ type: 'text', text }]];
  if (isJsonObject(delta['reasoningContent'])) return continueThought(state, position, delta['reasoningContent']);
  const input = textOf(objectOf(delta['toolUse'])['input']);
  const block = state.open.get(position);
  if (input !== null && block?.kind === 'tool') return [opened(state, position, { ...block, hasInput: true }), inputOf(block.call, input)];
  return [state, imageOf(delta['image'])];
}

function continueThought(state: ConverseState, position: number, thought: JsonObject): Step {
  const text = textOf(thought['text']);
  const redacted = textOf(thought['redactedContent']);
  const signature = textOf(thought['signature']);
  const deltas: AnswerDelta[] = [];
  if (text !== null) deltas.push({ type: 'reasoning', text });
  if (redacted !== null) deltas.push({ type: 'reasoning', redacted: REDACTED_MARK + redacted });
  if (signature === null) return [state, deltas];
  const known = state.open.get(position);
  return [
    opened(state, position, { kind: 'reasoning', signature: (known?.kind === 'reasoning' ? known.signature : '') + signature }),
    deltas,
  ];
}

function imageOf(image: JsonValue | undefined): readonly AnswerDelta[] {
  const base64 = textOf(objectOf(objectOf(image)['source'])['bytes']);
  const format = wordOf(objectOf(image)['format']) ?? 'png';
  return base64 === null ? [] : [{ type: 'media', mimeType: `image/${format}`, url: null, base64 }];
}

/** A signature closes its part, so it is told last; a tool without input gets the empty object. */
function stopBlock(state: ConverseState, position: number): Step {
  const block = state.open.get(position);
  const open = new Map(state.open);
  open.delete(position);
  const next = { ...state, open };
  if (block?.kind === 'reasoning') return [next, [{ type: 'reasoning', signature: block.signature }]];
  if (block?.kind === 'tool' && !block.hasInput) return [next, inputOf(block.call, '{}')];
  return [next, []];
}

function inputOf(call: number | null, text: string): readonly AnswerDelta[] {
  return call === null ? [{ type: 'text', text }] : [{ type: 'toolCall', index: call, argumentsDelta: text }];
}

/** The last event: totals, the one finish, then `end`. Without the stop before it the message was cut. */
export function endMessage(state: ConverseState, metadata: JsonObject): Step {
  const deltas: AnswerDelta[] = [];
  const usage = isJsonObject(metadata['usage']) ? fromBedrockUsage(metadata['usage'], state) : null;
  if (usage !== null) deltas.push({ type: 'usage', usage });
  const serviceTier = wordOf(objectOf(metadata['serviceTier'])['type']);
  if (serviceTier !== null) deltas.push({ type: 'serviceTier', serviceTier });
  if (state.rawFinish === null) return [state, deltas];
  deltas.push({ type: 'finish', reason: finishReasonIn(STOP_REASON_TABLE, state), raw: state.rawFinish }, { type: 'end' });
  return [{ ...state, ended: true }, deltas];
}

/** Every documented reason, and those that models say past it. */
export const STOP_REASON_TABLE: ReadonlyMap<string, FinishReason> = new Map<string, FinishReason>([
  ...CLAUDE_STOP_REASONS,
  ['guardrail_intervened', 'CONTENT_FILTER'],
  ['content_filtered', 'CONTENT_FILTER'],
  ['malformed_model_output', 'INCOMPLETE'],
  ['malformed_tool_use', 'INCOMPLETE'],
]);

/**
 * The vendor's input leaves out what was read from the cache and written to it, so that the total is the sum of all
 * (https://docs.aws.amazon.com/bedrock/latest/userguide/prompt-caching.html). The streams of some models put it in all the same, and count
 * it twice in their total: then `inputHoldsCache`. Null where nothing was reported.
 */
function fromBedrockUsage(raw: JsonObject, { inputHoldsCache }: Pick<ConverseState, 'inputHoldsCache'>): TokenUsage | null {
  const cacheWrite1h = writtenFor(raw, '1h');
  const written = Math.max(tokensOf(raw['cacheWriteInputTokens']) ?? 0, cacheWrite1h + writtenFor(raw, '5m'));
  const promptParts = {
    cachedInput: tokensOf(raw['cacheReadInputTokens']) ?? 0,
    cacheWrite5m: written - cacheWrite1h,
    cacheWrite1h,
  };
  const told = tokensOf(raw['inputTokens']) ?? 0;
  const held = inputHoldsCache ? promptParts.cachedInput + written : 0;
  const input = told >= held ? told - held : told;
  return usageBesideCache(raw, { input, promptParts, output: raw['outputTokens'], answerParts: {} });
}

function writtenFor(raw: JsonObject, ttl: string): number {
  const details = listOf(raw['cacheDetails']).map(objectOf);
  return details.reduce((sum, each) => sum + (each['ttl'] === ttl ? Math.max(0, tokensOf(each['inputTokens']) ?? 0) : 0), 0);
}
