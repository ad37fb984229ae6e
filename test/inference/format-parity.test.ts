import { describe, expect, test } from '@jest/globals';
import { newId } from '../../src/core/ids.js';
import { formatUsd, parseUsd } from '../../src/core/money.js';
import type { Price } from '../../src/core/pricing.js';
import { PRICE_COMPONENTS } from '../../src/core/vocabulary.js';
import type { PriceComponent, WireFormat } from '../../src/core/vocabulary.js';
import type { SseFrame } from '../../src/providers/contract.js';
import { RECORDED_IN, bytesOf } from '../contract/recorded.js';
import { EACH_VOICE } from '../contract/voices.js';
import { DONE_FRAME, frame, framesOf, goldenExchanges } from '../providers/support.js';
import { createHandClient } from './hand-client.js';
import { PRICE, STAYS, createStage, deployment } from './kit.js';

type Rates = Readonly<Partial<Record<PriceComponent, string>>>;

/** Dollars a million. */
function priceOf(rates: Rates): Price {
  const all = Object.entries(rates).map(([component, amount]) => {
    const parsed = parseUsd(amount);
    const known = PRICE_COMPONENTS.find((each) => each === component);
    if (parsed === null || known === undefined) throw new Error(`${component} ${amount} is no rate`);
    return { component: known, amount: parsed, per: 1_000_000 };
  });
  return { ...PRICE, id: newId('price'), tiers: [{ aboveInputTokens: 0, rates: all }] };
}

/** A rate for each class of tokens, each another: so that no class can pass for one of its neighbours. */
const TELLING: Rates = {
  ...{ INPUT: '3', CACHED_INPUT: '0.3', CACHE_WRITE_5M: '3.75', CACHE_WRITE_1H: '6', AUDIO_INPUT: '7', IMAGE_INPUT: '11' },
  ...{ OUTPUT: '15', REASONING: '17', AUDIO_OUTPUT: '19', IMAGE_OUTPUT: '23' },
};

interface Exchange {
  readonly frames: readonly SseFrame[];
  readonly body: unknown;
}

/** What the books and the caller hold of one exchange, asked for streamed and whole. */
async function bothForms(wireFormat: WireFormat, { frames, body }: Exchange, rates = TELLING) {
  const hand = createHandClient();
  const served = deployment({ provider: { wireFormat }, prices: [priceOf(rates)] });
  const { completions, request, ledger } = createStage([served], { upstream: hand.caller });
  const contentType = wireFormat === 'BEDROCK_CONVERSE' ? 'application/vnd.amazon.eventstream' : 'text/event-stream';
  hand.script = (exchange, index) => {
    if (index === 1) return exchange.json(200, body);
    exchange.begin(contentType);
    exchange.send(bytesOf(frames, wireFormat));
    exchange.end();
  };
  const events = await completions.stream({ ...request(), idempotencyKey: 'k', after: -1 });
  const told = [];
  for await (const event of events) told.push(event);
  const last = told.at(-1);
  const whole = await completions.complete(request(), STAYS);
  const streamed = last?.type === 'finished' || last?.type === 'failed' ? last.completion : null;
  if (streamed === null) throw new Error('the stream has no end');
  return [streamed, whole.state].map(({ message, record }) => {
    const { usage, cost, status, finishReason, rawFinishReason, warnings, error } = record;
    expect(ledger.rows.find(({ id }) => id === record.id)).toMatchObject({ usage, cost: { total: cost?.total } });
    return { message, usage, cost, status, finishReason, rawFinishReason, warnings, error };
  });
}

describe.each(EACH_VOICE)('S12 %s', (wireFormat) => {
  const exchanges = goldenExchanges(RECORDED_IN[wireFormat]);

  test.each(exchanges.map((exchange) => [exchange.name, exchange] as const))(
    'S12 S13 %s: streamed or whole, the same message, usage and cost',
    async (_, exchange) => {
      const [streamed, whole] = await bothForms(wireFormat, { frames: framesOf(exchange), body: exchange.body });
      expect(streamed).toMatchObject({ status: 'SUCCEEDED', error: null, finishReason: exchange.expected.finishReason });
      expect(streamed?.message?.parts).toEqual(exchange.expected.parts);
      expect(streamed?.usage).toMatchObject(exchange.expected.tokens ?? { source: 'ESTIMATED' });
      expect(streamed?.cost?.total).toBeGreaterThan(0n);
      expect(whole).toEqual(streamed);
    },
  );

  test('the recorded exchanges show every kind of content that the format has', () => {
    const shown = exchanges.flatMap(({ expected }) => [
      ...expected.parts.map(({ kind }) => kind),
      ...(expected.refusal === null ? [] : ['refusal']),
      ...(expected.parts.filter(({ kind }) => kind === 'toolCall').length > 1 ? ['parallel calls'] : []),
      ...(expected.parts.some((part) => part.kind !== 'media' && part.signature !== null) ? ['signature'] : []),
      ...(expected.parts.some((part) => part.kind === 'reasoning' && part.redacted !== null) ? ['redacted'] : []),
    ]);
    expect(KINDS[wireFormat].filter((kind) => !shown.includes(kind))).toEqual([]);
  });
});

const COMMON = ['text', 'reasoning', 'toolCall', 'parallel calls', 'signature'];
/** Refusals are Gemini's and Bedrock's by finish reason alone; only Claude's makers close thoughts; Claude paints nothing. */
const KINDS: Readonly<Record<WireFormat, readonly string[]>> = {
  OPENAI_CHAT: [...COMMON, 'refusal', 'media'],
  ANTHROPIC_MESSAGES: [...COMMON, 'refusal', 'redacted'],
  GEMINI: [...COMMON, 'media'],
  OPENAI_RESPONSES: [...COMMON, 'refusal', 'media'],
  BEDROCK_CONVERSE: [...COMMON, 'redacted', 'media'],
};

/** A text and its bill, as each vendor would write it. */
const BILLED: Readonly<Record<WireFormat, (usage: object) => Exchange>> = {
  OPENAI_CHAT: (usage) => ({
    frames: [
      frame({ choices: [{ index: 0, delta: { content: 'Hi' }, finish_reason: null }] }),
      frame({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] }),
      frame({ choices: [], usage }),
      DONE_FRAME,
    ],
    body: { choices: [{ index: 0, message: { content: 'Hi' }, finish_reason: 'stop' }], usage },
  }),
  ANTHROPIC_MESSAGES: (usage) => ({
    frames: [
      { type: 'message_start', message: { usage: { ...usage, output_tokens: 1 } } },
      { type: 'content_block_start', index: 0, content_block: { type: 'text', text: 'Hi' } },
      { type: 'content_block_stop', index: 0 },
      {
        type: 'message_delta',
        delta: { stop_reason: 'end_turn' },
        usage: { output_tokens: Reflect.get(usage, 'output_tokens') as number },
      },
      { type: 'message_stop' },
    ].map((event) => frame(event, event.type)),
    body: { content: [{ type: 'text', text: 'Hi' }], stop_reason: 'end_turn', usage },
  }),
  GEMINI: (usageMetadata) => {
    const body = { candidates: [{ content: { parts: [{ text: 'Hi' }] }, finishReason: 'STOP' }], usageMetadata };
    return { frames: [frame(body)], body };
  },
  OPENAI_RESPONSES: (usage) => {
    const body = { status: 'completed', output: [{ type: 'message', content: [{ type: 'output_text', text: 'Hi' }] }], usage };
    return { frames: [frame({ type: 'response.completed', response: body }, 'response.completed')], body };
  },
  BEDROCK_CONVERSE: (usage) => ({
    frames: [
      { contentBlockDelta: { contentBlockIndex: 0, delta: { text: 'Hi' } } },
      { messageStop: { stopReason: 'end_turn' } },
      { metadata: { usage } },
    ].map((event) => frame(event)),
    body: { output: { message: { content: [{ text: 'Hi' }] } }, stopReason: 'end_turn', usage },
  }),
};

const CACHE: Rates = { INPUT: '3', CACHE_WRITE_5M: '3.75', CACHE_WRITE_1H: '6', CACHED_INPUT: '0.30', OUTPUT: '15' };
const HALF_PRICE: Rates = { INPUT: '2.50', CACHED_INPUT: '1.25', OUTPUT: '10' };
const FLASH: Rates = { INPUT: '1.25', OUTPUT: '10' };

/** Numbers of the reports: what the vendor writes, the rates, and what it costs to the last digit. */
const BILLS: readonly (readonly [string, WireFormat, object, Rates, string, object])[] = [
  [
    ...(['C1', 'ANTHROPIC_MESSAGES', { input_tokens: 3, cache_creation_input_tokens: 12_304, output_tokens: 550 }] as const),
    ...([CACHE, '0.054399', { input: 3, cacheWrite5m: 12_304, output: 550 }] as const),
  ],
  [
    ...(['C1', 'BEDROCK_CONVERSE', { inputTokens: 3, cacheWriteInputTokens: 12_304, outputTokens: 550 }] as const),
    ...([CACHE, '0.054399', { input: 3, cacheWrite5m: 12_304, output: 550 }] as const),
  ],
  [
    ...(['C2', 'OPENAI_CHAT', { prompt_tokens: 2_006, completion_tokens: 300, prompt_tokens_details: { cached_tokens: 1_920 } }] as const),
    ...([HALF_PRICE, '0.005615', { input: 86, cachedInput: 1_920, output: 300 }] as const),
  ],
  [
    ...(['C2', 'OPENAI_RESPONSES', { input_tokens: 2_006, output_tokens: 300, input_tokens_details: { cached_tokens: 1_920 } }] as const),
    ...([HALF_PRICE, '0.005615', { input: 86, cachedInput: 1_920, output: 300 }] as const),
  ],
  [
    ...(['C2', 'GEMINI', { promptTokenCount: 2_006, candidatesTokenCount: 300, cachedContentTokenCount: 1_920 }] as const),
    ...([HALF_PRICE, '0.005615', { input: 86, cachedInput: 1_920, output: 300 }] as const),
  ],
  [
    ...(['C7', 'GEMINI', { promptTokenCount: 100, candidatesTokenCount: 150, thoughtsTokenCount: 8_000 }] as const),
    ...([FLASH, '0.081625', { input: 100, output: 150, reasoning: 8_000 }] as const),
  ],
  [
    'C7',
    'OPENAI_CHAT',
    { prompt_tokens: 100, completion_tokens: 8_150, completion_tokens_details: { reasoning_tokens: 8_000 } },
    ...([FLASH, '0.081625', { input: 100, output: 150, reasoning: 8_000 }] as const),
  ],
  [
    'C7',
    'OPENAI_RESPONSES',
    { input_tokens: 100, output_tokens: 8_150, output_tokens_details: { reasoning_tokens: 8_000 } },
    ...([FLASH, '0.081625', { input: 100, output: 150, reasoning: 8_000 }] as const),
  ],
  [
    'C7',
    'ANTHROPIC_MESSAGES',
    { input_tokens: 100, output_tokens: 8_150, output_tokens_details: { thinking_tokens: 8_000 } },
    ...([FLASH, '0.081625', { input: 100, output: 150, reasoning: 8_000 }] as const),
  ],
  // The vendor does not say how many of its tokens were thoughts; they are billed as output all the same.
  ['C7', 'BEDROCK_CONVERSE', { inputTokens: 100, outputTokens: 8_150 }, FLASH, '0.081625', { input: 100, output: 8_150 }],
  [
    'C8',
    'ANTHROPIC_MESSAGES',
    { input_tokens: 15, cache_creation_input_tokens: 4_803, cache_creation: { ephemeral_1h_input_tokens: 4_803 }, output_tokens: 47 },
    ...([CACHE, '0.029568', { input: 15, cacheWrite1h: 4_803, cacheWrite5m: 0, output: 47 }] as const),
  ],
  [
    'C8',
    'BEDROCK_CONVERSE',
    { inputTokens: 15, cacheWriteInputTokens: 4_803, cacheDetails: [{ ttl: '1h', inputTokens: 4_803 }], outputTokens: 47 },
    ...([CACHE, '0.029568', { input: 15, cacheWrite1h: 4_803, cacheWrite5m: 0, output: 47 }] as const),
  ],
  [
    'C10',
    'GEMINI',
    {
      promptTokenCount: 262,
      candidatesTokenCount: 1,
      promptTokensDetails: [
        { modality: 'TEXT', tokenCount: 4 },
        { modality: 'IMAGE', tokenCount: 258 },
      ],
    },
    ...([{ INPUT: '1000000', OUTPUT: '0' }, '262', { input: 4, imageInput: 258 }] as const),
  ],
  // The others' totals hold the pictures, and say no more of them.
  ['C10', 'OPENAI_CHAT', { prompt_tokens: 262, completion_tokens: 1 }, { INPUT: '1000000', OUTPUT: '0' }, '262', { input: 262 }],
  ['C10', 'ANTHROPIC_MESSAGES', { input_tokens: 262, output_tokens: 1 }, { INPUT: '1000000', OUTPUT: '0' }, '262', { input: 262 }],
  ['C10', 'OPENAI_RESPONSES', { input_tokens: 262, output_tokens: 1 }, { INPUT: '1000000', OUTPUT: '0' }, '262', { input: 262 }],
  ['C10', 'BEDROCK_CONVERSE', { inputTokens: 262, outputTokens: 1 }, { INPUT: '1000000', OUTPUT: '0' }, '262', { input: 262 }],
];

test.each(BILLS)('%s %s: %j', async (_, wireFormat, usage, rates, cost, tokens) => {
  for (const form of await bothForms(wireFormat, BILLED[wireFormat](usage), rates)) {
    expect(form.usage).toMatchObject({ ...tokens, source: 'REPORTED', inconsistent: false, raw: usage });
    expect([formatUsd(form.cost?.total ?? parseUsd('0')!), form.cost?.quality]).toEqual([cost, 'EXACT']);
  }
});

test.each(EACH_VOICE)('C23 %s: a usage of a shape that nobody knows is an estimate, and flagged', async (wireFormat) => {
  for (const form of await bothForms(wireFormat, BILLED[wireFormat]({ tokens: 5, output_tokens: 'many' }))) {
    expect(form.usage).toMatchObject({ source: 'ESTIMATED' });
    expect(form.cost?.quality).toBe('ESTIMATED');
    expect(form.warnings).toContainEqual(expect.stringMatching(/^estimated_usage/));
  }
});
