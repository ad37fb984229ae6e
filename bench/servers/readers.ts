/** Reads streams of every wire format by the hundred, says in one line of JSON what that cost, and ends. */
import { EMPTY_ANSWER, reduceAnswer } from '../../src/core/answer.js';
import type { WireFormat } from '../../src/core/vocabulary.js';
import { WIRE_FORMAT_ADAPTERS } from '../../src/providers/adapters.js';
import type { SseFrame } from '../../src/providers/contract.js';
import { createSseDecoder } from '../../src/providers/sse.js';
import { awsEvent } from '../../test/kit/aws-frames.js';
import type { ReaderCost } from '../readers.js';

const ROUNDS = 11;
const STREAMS = 40;
const DELTAS = 500;
const READ_BYTES = 16_384;
/** Of the length of a token or two, as vendors send them. */
const WORD = ' words';

const sse = (data: object, event?: string) =>
  Buffer.from(`${event === undefined ? '' : `event: ${event}\n`}data: ${JSON.stringify(data)}\n\n`);
const times = (make: (index: number) => Buffer) => Array.from({ length: DELTAS }, (_, index) => make(index));
const typed = (data: { readonly type: string; readonly [field: string]: unknown }) => sse(data, data.type);
const chunk = (delta: object, finish: string | null = null) =>
  sse({ id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [{ index: 0, delta, finish_reason: finish }] });
const candidate = (text: string, more: object = {}) =>
  sse({ candidates: [{ content: { role: 'model', parts: [{ text }] }, index: 0, ...more }], modelVersion: 'm', responseId: 'r' });

/** A whole stream of each format: its beginning, `DELTAS` pieces of text, its end. */
const STREAMS_OF: Readonly<Record<WireFormat, readonly Buffer[]>> = {
  OPENAI_CHAT: [
    ...times(() => chunk({ content: WORD })),
    chunk({}, 'stop'),
    sse({ choices: [], usage: { prompt_tokens: 9, completion_tokens: DELTAS, total_tokens: DELTAS + 9 } }),
    Buffer.from('data: [DONE]\n\n'),
  ],
  OPENAI_RESPONSES: [
    typed({ type: 'response.output_item.added', output_index: 0, item: { type: 'message', id: 'msg_1' } }),
    ...times((index) =>
      typed({ type: 'response.output_text.delta', item_id: 'msg_1', output_index: 0, sequence_number: index, delta: WORD }),
    ),
    typed({ type: 'response.completed', response: { status: 'completed', usage: { input_tokens: 9, output_tokens: DELTAS } } }),
  ],
  ANTHROPIC_MESSAGES: [
    typed({ type: 'message_start', message: { id: 'msg_1', usage: { input_tokens: 9, output_tokens: 1 } } }),
    typed({ type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } }),
    ...times(() => typed({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: WORD } })),
    typed({ type: 'content_block_stop', index: 0 }),
    typed({ type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: DELTAS } }),
    typed({ type: 'message_stop' }),
  ],
  GEMINI: [
    ...times(() => candidate(WORD)),
    sse({ candidates: [{ finishReason: 'STOP', index: 0 }], usageMetadata: { promptTokenCount: 9, candidatesTokenCount: DELTAS } }),
  ],
  BEDROCK_CONVERSE: [
    awsEvent({ messageStart: { role: 'assistant' } }),
    ...times(() => awsEvent({ contentBlockDelta: { contentBlockIndex: 0, delta: { text: WORD }, p: 'abcdefghijklmn' } })),
    awsEvent({ contentBlockStop: { contentBlockIndex: 0 } }),
    awsEvent({ messageStop: { stopReason: 'end_turn' } }),
    awsEvent({ metadata: { usage: { inputTokens: 9, outputTokens: DELTAS, totalTokens: DELTAS + 9 } } }),
  ],
};

function readsOf(events: readonly Buffer[]): readonly Buffer[] {
  const bytes = Buffer.concat(events);
  return Array.from({ length: Math.ceil(bytes.length / READ_BYTES) }, (_, index) =>
    bytes.subarray(index * READ_BYTES, (index + 1) * READ_BYTES),
  );
}

/** From bytes to the whole answer, as a call does it. */
function reader(wireFormat: WireFormat, reads: readonly Buffer[]): () => void {
  const api = WIRE_FORMAT_ADAPTERS.get(wireFormat)?.chat;
  if (api === undefined) throw new Error(`${wireFormat} is not built`);
  const { createDecoder = createSseDecoder } = api;
  return () => {
    let answer = EMPTY_ANSWER;
    const stream = api.createStreamReader();
    const decoder = createDecoder((frame) => {
      answer = stream.read(frame).reduce(reduceAnswer, answer);
    });
    for (const read of reads) decoder.push(read);
    decoder.end();
    answer = stream.close().reduce(reduceAnswer, answer);
    if (!answer.ended) throw new Error(`${wireFormat}: the stream was not understood`);
  };
}

/** What the frames hold, parsed and thrown away: less than this nobody can do. */
function parser(wireFormat: WireFormat, reads: readonly Buffer[]): () => void {
  const frames: SseFrame[] = [];
  const { createDecoder = createSseDecoder } = WIRE_FORMAT_ADAPTERS.get(wireFormat)?.chat ?? {};
  const decoder = createDecoder((frame) => frames.push(frame));
  for (const read of reads) decoder.push(read);
  const texts = frames.map(({ data }) => data).filter((data) => data !== '[DONE]');
  return () => {
    for (const text of texts) JSON.parse(text);
  };
}

/** Events a second of CPU time: the median round. */
function speedOf(run: () => void, events: number): number {
  const round = () => {
    const before = process.cpuUsage();
    for (let count = 0; count < STREAMS; count += 1) run();
    const { user, system } = process.cpuUsage(before);
    return (events * STREAMS * 1_000_000) / Math.max(1, user + system);
  };
  round();
  const speeds = Array.from({ length: ROUNDS }, round).toSorted((left, right) => left - right);
  return speeds[Math.floor(ROUNDS / 2)] ?? 0;
}

const readers = [...WIRE_FORMAT_ADAPTERS.keys()].map((wireFormat): ReaderCost => {
  const events = STREAMS_OF[wireFormat];
  const reads = readsOf(events);
  return {
    wireFormat,
    perSecond: speedOf(reader(wireFormat, reads), events.length),
    parsedPerSecond: speedOf(parser(wireFormat, reads), events.length),
  };
});
process.stdout.write(`${JSON.stringify({ readers })}\n`);
