import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { WireFormat } from '../../src/core/vocabulary.js';
import { RECORDED_IN, bytesOf } from '../contract/recorded.js';
import { refusalOf } from '../contract/strict-vendors.js';
import { COMPLETE, CREATE_DEPLOYMENT, CREATE_MODEL, CREATE_PROVIDER } from '../kit/operations.js';
import { mutate, startProduct } from '../kit/product.js';
import type { TestProduct } from '../kit/product.js';
import { streamAll, terminalOf } from '../kit/streams.js';
import { framesOf, goldenExchanges } from '../providers/support.js';

/** Who answers, how its provider is called, and which recorded answer it gives. */
const VENDORS: Readonly<Record<string, { wireFormat: WireFormat; upstreamModel: string; recorded: string }>> = {
  claude: { wireFormat: 'ANTHROPIC_MESSAGES', upstreamModel: 'claude-sonnet-4-5', recorded: 'thinking-tools' },
  gemini: { wireFormat: 'GEMINI', upstreamModel: 'gemini-3.5-flash', recorded: 'parallel-tools' },
  openai: { wireFormat: 'OPENAI_CHAT', upstreamModel: 'gpt-5.4', recorded: 'openai-parallel-tools' },
  responses: { wireFormat: 'OPENAI_RESPONSES', upstreamModel: 'gpt-5.4', recorded: 'reasoning-tools' },
  bedrock: { wireFormat: 'BEDROCK_CONVERSE', upstreamModel: 'anthropic.claude-sonnet-4-6-v1:0', recorded: 'thinking-tools' },
};

let product: TestProduct;
let keys = 0;

beforeAll(async () => {
  product = await startProduct();
  const aws = { accessKeyId: 'AKIDEXAMPLE00042', secretAccessKey: 'canary-secret-access-key' };
  for (const [slug, { wireFormat, upstreamModel }] of Object.entries(VENDORS)) {
    const isCloud = wireFormat === 'BEDROCK_CONVERSE';
    const place = isCloud ? { preset: 'bedrock', region: 'eu-central-1', credential: { aws } } : { wireFormat };
    await mutate(product.client, CREATE_PROVIDER, { slug, baseUrl: product.upstream.url, allowPrivateNetwork: true, ...place });
    await mutate(product.client, CREATE_MODEL, { slug, vendor: 'test' });
    await mutate(product.client, CREATE_DEPLOYMENT, { provider: slug, model: slug, upstreamModel, slug });
  }
});

afterAll(() => product.stop());

type Answer = { readonly __typename: string; readonly answer: { readonly parts: readonly Record<string, unknown>[] } };

/** A part of an answer as it goes back in: the schema's own words, signatures and closed blocks included. */
function handedBack({ __typename, signature, ...fields }: Record<string, unknown>): object {
  const own = signature === null || signature === undefined ? {} : { signature };
  if (__typename === 'TextPart') return { text: fields['text'], ...own };
  return __typename === 'ToolCall' ? { toolCall: fields, ...own } : { reasoning: fields, ...own };
}

/** One vendor's answer to the conversation, refused as it would be, and the conversation with it and its calls' results. */
async function turn(model: string, messages: readonly object[], stream: boolean): Promise<readonly object[]> {
  const vendor = VENDORS[model];
  const exchange = vendor && goldenExchanges(RECORDED_IN[vendor.wireFormat]).find(({ name }) => name === vendor.recorded);
  if (vendor === undefined || exchange === undefined) throw new Error(`nothing is recorded of ${model}`);
  product.upstream.respondOnce((upstream) => {
    const refusal = refusalOf(vendor, upstream.request.json ?? {});
    if (refusal !== null) return upstream.json(400, { error: { message: refusal }, message: refusal });
    if (!stream) return upstream.json(200, exchange.body);
    upstream.startStream(vendor.wireFormat === 'BEDROCK_CONVERSE' ? { 'content-type': 'application/vnd.amazon.eventstream' } : {});
    return upstream.stream([bytesOf(framesOf(exchange), vendor.wireFormat)]);
  });
  const answer = await (stream ? streamed({ model, messages }) : whole({ model, messages }));
  expect([model, answer.__typename]).toEqual([model, 'Completion']);
  const parts = answer.answer.parts.map(handedBack);
  const ids = answer.answer.parts.flatMap((part) => (part['__typename'] === 'ToolCall' ? [part['id']] : []));
  const results = ids.map((toolCallId) => ({ role: 'TOOL', toolCallId, text: '{"$ref":"#/x"}' }));
  return [...messages, { role: 'ASSISTANT', parts }, ...results.toReversed()];
}

async function whole(input: object): Promise<Answer> {
  const { data, errors } = await product.client.query<{ complete: Answer }>(COMPLETE, { input });
  if (!data) throw new Error(JSON.stringify(errors));
  return data.complete;
}

async function streamed(input: object): Promise<Answer> {
  const socket = product.client.openSocket();
  try {
    const { completion } = terminalOf(await streamAll(socket, { input, key: `turn-${String((keys += 1))}` }));
    return { __typename: 'Completion', answer: completion?.['answer'] as Answer['answer'] };
  } finally {
    await socket.dispose();
  }
}

test('P1 P3 P5 P6 turns by turns of five vendors, streamed and whole, through the schema’s own types, and none refuses', async () => {
  let messages: readonly object[] = [
    { role: 'SYSTEM', text: 'Be brief.' },
    { role: 'USER', text: 'Weather?' },
  ];
  const order = ['claude', 'gemini', 'openai', 'responses', 'bedrock', 'gemini', 'claude', 'responses', 'openai', 'gemini'];
  for (const [position, model] of order.entries()) messages = await turn(model, messages, position % 3 !== 1);
  const texts = product.upstream.requests.map(({ body }) => body);
  // Each vendor's second turn has its own signatures back, unchanged, and nobody else's.
  expect(texts[5]).toContain('CiQB/sig+one==');
  // The one that came whole, and the one that was streamed.
  expect(texts[9]?.split('CiQB/sig+one==')).toHaveLength(3);
  expect(texts[6]).toMatch(/EqQB.*EmwK/s);
  expect(texts[7]).toContain('gAAA');
  for (const [position, foreign] of [/EqQB|gAAA/, /CiQB|gAAA/, /CiQB|EqQB/, /CiQB|EqQB|gAAA/].entries())
    expect(texts[position + 5]).not.toMatch(foreign);
});
