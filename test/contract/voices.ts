import type { WireFormat } from '../../src/core/vocabulary.js';
import { awsEvent, awsException } from '../kit/aws-frames.js';

/** What a vendor may say of its answer, in neutral words; `at` is the number of the block that it belongs to. */
interface Sayings {
  readonly begin: unknown;
  readonly call: { readonly at: number; readonly id: string; readonly name: string; readonly args: string };
  readonly arguments: { readonly at: number; readonly piece: string };
  readonly text: { readonly at: number; readonly words: string };
  readonly thought: { readonly at: number; readonly words: string };
  readonly signature: { readonly at: number; readonly signature: string };
  /** Behind calls and thoughts, where the format ends its blocks. */
  readonly close: { readonly at: number; readonly kind: 'call' | 'thought' };
  /** Totals so far. */
  readonly running: { readonly prompt: number; readonly answer: number };
  /** The whole ending: reason, totals, terminal event. */
  readonly end: { readonly reason: string; readonly prompt: number; readonly answer: number };
  readonly overloaded: unknown;
}

export type Said<Kind extends keyof Sayings = keyof Sayings> = { [Each in Kind]: Sayings[Each] & { readonly say: Each } }[Kind];

/** One wire format's way to say all of it. What it has no words for is no bytes. */
export interface Voice {
  readonly wireFormat: WireFormat;
  readonly contentType: string;
  /** Its words for an end in order, and for one after calls. */
  readonly stop: string;
  readonly afterCalls: string;
  /** Whether arguments of calls come in pieces. */
  readonly pieces: boolean;
  /** The status that its word for being overloaded, inside a 200, is told with. */
  readonly overloadedStatus: number;
  readonly words: { readonly [Kind in keyof Sayings]: (said: Said<Kind>) => Buffer };
}

export function bytesOfSaid<Kind extends keyof Sayings>({ words }: Voice, said: Said<Kind>): Buffer {
  return words[said.say](said);
}

const USUAL = { contentType: 'text/event-stream', pieces: true, overloadedStatus: 200 };
const nothing = () => NOTHING;
const NOTHING = Buffer.alloc(0);

function sse(data: object | string, event?: string): Buffer {
  const text = typeof data === 'string' ? data : JSON.stringify(data);
  return Buffer.from(`${event === undefined ? '' : `event: ${event}\n`}data: ${text}\n\n`);
}

const typed = (data: { readonly type: string; readonly [field: string]: unknown }) => sse(data, data.type);

const chat = (delta: object, reason: string | null = null, extra: object = {}) =>
  sse({ object: 'chat.completion.chunk', choices: [{ index: 0, delta, finish_reason: reason }], ...extra });
const chatCall = (index: number, fields: object) => chat({ tool_calls: [{ index, ...fields }] });
const chatUsage = (prompt: number, answer: number) => ({
  usage: { prompt_tokens: prompt, completion_tokens: answer, total_tokens: prompt + answer },
});

const OPENAI_CHAT: Voice = {
  ...USUAL,
  wireFormat: 'OPENAI_CHAT',
  stop: 'stop',
  afterCalls: 'tool_calls',
  overloadedStatus: 529,
  words: {
    begin: () => chat({ role: 'assistant', content: '' }),
    call: (said) => chatCall(said.at, { id: said.id, type: 'function', function: { name: said.name, arguments: '' } }),
    arguments: (said) => chatCall(said.at, { function: { arguments: said.piece } }),
    text: (said) => chat({ content: said.words }),
    thought: (said) => chat({ reasoning_content: said.words }),
    signature: nothing,
    close: nothing,
    running: (said) => chat({}, null, chatUsage(said.prompt, said.answer)),
    end: (said) => Buffer.concat([chat({}, said.reason), sse({ choices: [], ...chatUsage(said.prompt, said.answer) }), sse('[DONE]')]),
    overloaded: () => sse({ error: { message: 'Overloaded', type: 'overloaded_error', code: 529 } }, 'error'),
  },
};

const block = (index: number, content: object) => typed({ type: 'content_block_start', index, content_block: content });
const blockDelta = (index: number, delta: object) => typed({ type: 'content_block_delta', index, delta });

const ANTHROPIC: Voice = {
  ...USUAL,
  wireFormat: 'ANTHROPIC_MESSAGES',
  stop: 'end_turn',
  afterCalls: 'tool_use',
  words: {
    begin: () => typed({ type: 'message_start', message: { id: 'm', usage: { input_tokens: 25, output_tokens: 1 } } }),
    call: (said) => block(said.at, { type: 'tool_use', id: said.id, name: said.name, input: {} }),
    arguments: (said) => blockDelta(said.at, { type: 'input_json_delta', partial_json: said.piece }),
    text: (said) => blockDelta(said.at, { type: 'text_delta', text: said.words }),
    thought: (said) =>
      Buffer.concat([
        block(said.at, { type: 'thinking', thinking: '' }),
        blockDelta(said.at, { type: 'thinking_delta', thinking: said.words }),
      ]),
    signature: (said) => blockDelta(said.at, { type: 'signature_delta', signature: said.signature }),
    close: (said) => typed({ type: 'content_block_stop', index: said.at }),
    running: (said) => typed({ type: 'message_delta', delta: {}, usage: { input_tokens: said.prompt, output_tokens: said.answer } }),
    end: (said) =>
      Buffer.concat([
        typed({
          type: 'message_delta',
          delta: { stop_reason: said.reason },
          usage: { input_tokens: said.prompt, output_tokens: said.answer },
        }),
        typed({ type: 'message_stop' }),
      ]),
    overloaded: () => typed({ type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } }),
  },
};

const candidate = (parts: readonly object[], fields: object = {}, rest: object = {}) =>
  sse({ candidates: [{ content: { role: 'model', parts }, index: 0, ...fields }], ...rest });
const metadata = (prompt: number, answer: number) => ({
  usageMetadata: { promptTokenCount: prompt, candidatesTokenCount: answer, totalTokenCount: prompt + answer },
});

/** A call comes whole, and its reason is STOP as well. */
const GEMINI: Voice = {
  ...USUAL,
  wireFormat: 'GEMINI',
  stop: 'STOP',
  afterCalls: 'STOP',
  pieces: false,
  overloadedStatus: 503,
  words: {
    begin: nothing,
    arguments: nothing,
    close: nothing,
    call: (said) => candidate([{ functionCall: { id: said.id, name: said.name, args: JSON.parse(said.args) as object } }]),
    text: (said) => candidate([{ text: said.words }]),
    thought: (said) => candidate([{ text: said.words, thought: true }]),
    signature: (said) => candidate([{ text: '', thought: true, thoughtSignature: said.signature }]),
    running: (said) => candidate([], {}, metadata(said.prompt, said.answer)),
    end: (said) => candidate([{ text: '' }], { finishReason: said.reason }, metadata(said.prompt, said.answer)),
    overloaded: () => sse({ error: { code: 503, message: 'The model is overloaded.', status: 'UNAVAILABLE' } }),
  },
};

const item = (kind: 'added' | 'done', output_index: number, content: object) =>
  typed({ type: `response.output_item.${kind}`, output_index, item: content });

const OPENAI_RESPONSES: Voice = {
  ...USUAL,
  wireFormat: 'OPENAI_RESPONSES',
  stop: 'completed',
  afterCalls: 'completed',
  words: {
    begin: () => typed({ type: 'response.created', response: { status: 'in_progress', error: null } }),
    call: (said) => item('added', said.at, { type: 'function_call', call_id: said.id, name: said.name, arguments: '' }),
    arguments: (said) => typed({ type: 'response.function_call_arguments.delta', output_index: said.at, delta: said.piece }),
    text: (said) => typed({ type: 'response.output_text.delta', output_index: said.at, delta: said.words }),
    thought: (said) => typed({ type: 'response.reasoning_summary_text.delta', output_index: said.at, delta: said.words }),
    signature: (said) => item('done', said.at, { type: 'reasoning', id: `rs_${String(said.at)}`, encrypted_content: said.signature }),
    close: (said) => (said.kind === 'call' ? item('done', said.at, { type: 'function_call' }) : NOTHING),
    running: () => typed({ type: 'response.in_progress', response: { status: 'in_progress', error: null } }),
    end: (said) =>
      typed({
        type: said.reason === 'completed' ? 'response.completed' : 'response.incomplete',
        response: {
          status: said.reason === 'completed' ? 'completed' : 'incomplete',
          ...(said.reason === 'completed' ? {} : { incomplete_details: { reason: said.reason } }),
          usage: { input_tokens: said.prompt, output_tokens: said.answer, total_tokens: said.prompt + said.answer },
        },
      }),
    overloaded: () => typed({ type: 'error', code: 'server_overloaded', message: 'The server is overloaded.' }),
  },
};

const converse = (contentBlockIndex: number, delta: object) => awsEvent({ contentBlockDelta: { contentBlockIndex, delta } });
const tokens = (prompt: number, answer: number) =>
  awsEvent({ metadata: { usage: { inputTokens: prompt, outputTokens: answer, totalTokens: prompt + answer } } });

const BEDROCK: Voice = {
  ...USUAL,
  wireFormat: 'BEDROCK_CONVERSE',
  contentType: 'application/vnd.amazon.eventstream',
  stop: 'end_turn',
  afterCalls: 'tool_use',
  words: {
    begin: () => awsEvent({ messageStart: { role: 'assistant' } }),
    call: (said) =>
      awsEvent({
        contentBlockStart: { contentBlockIndex: said.at, start: { toolUse: { toolUseId: said.id, name: said.name } } },
      }),
    arguments: (said) => converse(said.at, { toolUse: { input: said.piece } }),
    text: (said) => converse(said.at, { text: said.words }),
    thought: (said) => converse(said.at, { reasoningContent: { text: said.words } }),
    signature: (said) => converse(said.at, { reasoningContent: { signature: said.signature } }),
    close: (said) => awsEvent({ contentBlockStop: { contentBlockIndex: said.at } }),
    running: (said) => tokens(said.prompt, said.answer),
    end: (said) => Buffer.concat([awsEvent({ messageStop: { stopReason: said.reason } }), tokens(said.prompt, said.answer)]),
    overloaded: () => awsException('serviceUnavailableException', { message: 'Bedrock is unable to process your request.' }),
  },
};

export const VOICES: readonly Voice[] = [OPENAI_CHAT, ANTHROPIC, GEMINI, OPENAI_RESPONSES, BEDROCK];
export const EACH_VOICE = VOICES.map((voice) => [voice.wireFormat, voice] as const);

/** Whole texts and calls, as one vendor says them after another. */
export const say = {
  text: (at: number, words: string): readonly Said[] => [{ say: 'text', at, words }],
  call: (at: number, name: string, pieces: readonly string[]): readonly Said[] => [
    { say: 'call', at, id: `id_${String(at)}`, name, args: pieces.join('') },
    ...pieces.map((piece) => ({ say: 'arguments', at, piece }) as const),
    { say: 'close', at, kind: 'call' },
  ],
};

/** A stream of these, begun and ended, a piece of bytes for each. */
export function streamOf(voice: Voice, said: readonly Said[], ending?: Partial<Said<'end'>>): readonly Buffer[] {
  const calls = said.some((each) => each.say === 'call');
  const end = { say: 'end', reason: calls ? voice.afterCalls : voice.stop, prompt: 11, answer: 7, ...ending } as const;
  return [{ say: 'begin' } as const, ...said, end].map((each) => bytesOfSaid(voice, each)).filter(({ length }) => length > 0);
}
