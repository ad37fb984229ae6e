import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { awsEvent, awsException } from '../kit/aws-frames.js';
import { EMBED, operationDocument } from '../kit/operation-cases.js';
import { COMPLETE, CREATE_DEPLOYMENT, CREATE_MODEL, CREATE_PROVIDER } from '../kit/operations.js';
import { mutate, startProduct } from '../kit/product.js';
import type { TestProduct } from '../kit/product.js';
import type { UpstreamHandler } from '../kit/scripted-upstream.js';
import { streamAll, terminalOf } from '../kit/streams.js';

let product: TestProduct;
const MODEL = 'claude-on-bedrock';

beforeAll(async () => {
  product = await startProduct();
  const aws = { accessKeyId: 'AKIDEXAMPLE00042', secretAccessKey: 'canary-secret-access-key' };
  await mutate(product.client, CREATE_PROVIDER, {
    ...{
      slug: 'bedrock',
      preset: 'bedrock',
      region: 'eu-central-1',
      baseUrl: product.upstream.url,
      credential: { aws },
      allowPrivateNetwork: true,
    },
  });
  const rates = Object.entries({ INPUT: '3', CACHE_WRITE_5M: '3.75', CACHE_WRITE_1H: '6', OUTPUT: '15' }).map(([component, amount]) => ({
    component,
    amount,
  }));
  await mutate(product.client, CREATE_MODEL, {
    slug: MODEL,
    vendor: 'anthropic',
    price: { effectiveFrom: '2020-01-01T00:00:00Z', tiers: [{ rates }] },
  });
  await mutate(product.client, CREATE_DEPLOYMENT, {
    provider: 'bedrock',
    model: MODEL,
    upstreamModel: 'eu.anthropic.claude-sonnet-4-6-v1:0',
    slug: MODEL,
  });
});

afterAll(() => product.stop());

const usage = {
  inputTokens: 15,
  outputTokens: 47,
  totalTokens: 4_865,
  cacheWriteInputTokens: 4_803,
  cacheDetails: [{ ttl: '1h', inputTokens: 4_803 }],
};
const messages = [
  { role: 'SYSTEM', parts: [{ text: 'The rules of the house.', promptCache: 'ONE_HOUR' }] },
  { role: 'USER', text: 'Hello' },
];

async function complete(): Promise<Record<string, unknown>> {
  const answer = await product.client.query<{ complete: Record<string, unknown> }>(COMPLETE, { input: { model: MODEL, messages } });
  if (!answer.data) throw new Error(JSON.stringify(answer));
  return answer.data.complete;
}

const streamed: UpstreamHandler = ({ startStream, stream }) => {
  startStream({ 'content-type': 'application/vnd.amazon.eventstream' });
  return stream([
    awsEvent({ messageStart: { role: 'assistant' } }),
    awsEvent({ contentBlockDelta: { contentBlockIndex: 0, delta: { text: 'Hello there.' } } }),
    awsEvent({ contentBlockStop: { contentBlockIndex: 0 } }),
    awsEvent({ messageStop: { stopReason: 'end_turn' } }),
    awsEvent({ metadata: { usage, metrics: { latencyMs: 1 } } }),
  ]);
};
const whole: UpstreamHandler = ({ json }) =>
  json(200, { output: { message: { role: 'assistant', content: [{ text: 'Hello there.' }] } }, stopReason: 'end_turn', usage });
const answer: UpstreamHandler = (exchange) => (exchange.request.path.endsWith('-stream') ? streamed(exchange) : whole(exchange));
const expected = { text: 'Hello there.', finishReason: 'STOP', warnings: [], cost: { total: { amount: '0.029568' } } };

async function streamOnce(key: string) {
  const socket = product.client.openSocket();
  try {
    return terminalOf(await streamAll(socket, { input: { model: MODEL, messages }, key }));
  } finally {
    await socket.dispose();
  }
}

test('C8 S12 S13 a signed call, its prompt marked to be kept for an hour, is answered and priced as such, streamed and not', async () => {
  product.upstream.respond(answer);
  expect(await complete()).toMatchObject({ __typename: 'Completion', ...expected });
  const { headers, json, path } = await product.upstream.nextRequest();
  expect(path).toMatch(/^\/model\/eu\.anthropic\.claude-sonnet-4-6-v1%3A0\/converse/);
  expect(headers['authorization']).toMatch(/^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE00042\/\d{8}\/eu-central-1\/bedrock\/aws4_request/);
  expect(json).toMatchObject({ system: [{ text: 'The rules of the house.' }, { cachePoint: { type: 'default', ttl: '1h' } }] });
  expect(await streamOnce('bedrock-1')).toMatchObject({ __typename: 'CompletionFinished', completion: expected });
  expect((await product.upstream.nextRequest()).path).toMatch(/\/converse-stream$/);
});

test('vectors are asked of the model by a signed invocation, billed by what a header tells, and one text a call where it takes no more', async () => {
  const model = 'titan-embed-text-v2';
  const tiers = [{ rates: [{ component: 'INPUT', amount: '0.02' }] }];
  await mutate(product.client, CREATE_MODEL, {
    ...{ slug: model, vendor: 'amazon', operations: ['EMBEDDING'], price: { effectiveFrom: '2020-01-01T00:00:00Z', tiers } },
  });
  await mutate(product.client, CREATE_DEPLOYMENT, {
    provider: 'bedrock',
    model,
    upstreamModel: 'amazon.titan-embed-text-v2:0',
    slug: model,
  });
  const embed = async (texts: readonly string[]) =>
    (
      await product.client.query<{ embed: Record<string, unknown> }>(operationDocument(EMBED), {
        input: { model, texts, purpose: 'QUERY' },
      })
    ).data?.embed;
  product.upstream.respondOnce(({ json }) => json(200, { embedding: [0.5, -1] }, { 'x-amzn-bedrock-input-token-count': '7' }));
  const earlier = product.upstream.requests.length;
  expect(await embed(['Hello'])).toMatchObject({
    ...{
      __typename: 'Embedding',
      vectors: [[0.5, -1]],
      usage: { input: 7, source: 'REPORTED' },
      cost: { total: { amount: '0.00000014' } },
    },
    warnings: [expect.stringContaining('purpose was left out')],
  });
  expect(product.upstream.requests.at(-1)).toMatchObject({
    path: '/model/amazon.titan-embed-text-v2%3A0/invoke',
    headers: { authorization: expect.stringContaining('AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE00042/') },
    json: { inputText: 'Hello' },
  });
  expect(await embed(['one', 'two'])).toMatchObject({ code: 'INVALID_REQUEST', message: expect.stringContaining('one text a call') });
  expect(product.upstream.requests).toHaveLength(earlier + 1);
});

test('P15 an exception after words ends the stream with an error, and what was said is INCOMPLETE', async () => {
  product.upstream.respondOnce(({ startStream, stream }) => {
    startStream({ 'content-type': 'application/vnd.amazon.eventstream' });
    const said = awsEvent({ contentBlockDelta: { contentBlockIndex: 0, delta: { text: 'Half' } } });
    return stream([said, awsException('throttlingException', { message: 'Too many tokens' })]);
  });
  expect(await streamOnce('bedrock-2')).toMatchObject({
    __typename: 'CompletionFailed',
    error: { code: 'PROVIDER_OVERLOADED' },
    completion: { status: 'FAILED', text: 'Half', finishReason: 'INCOMPLETE' },
  });
});

test('K5 a refused signature is the gateway’s own affair, and its keys are in no answer or log', async () => {
  const words = 'The security token canary-secret-access-key is invalid.';
  product.upstream.respondOnce(({ json }) => json(403, { message: words }, { 'x-amzn-errortype': 'UnrecognizedClientException' }));
  const refused = await complete();
  expect(refused).toMatchObject({ code: 'PROVIDER_AUTH_FAILED' });
  expect(JSON.stringify(refused) + product.logs.join('')).not.toContain('canary');
});
