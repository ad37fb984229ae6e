import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { COMPLETE, CREATE_DEPLOYMENT, CREATE_MODEL, CREATE_PROVIDER } from '../kit/operations.js';
import { mutate, startProduct } from '../kit/product.js';
import type { TestProduct } from '../kit/product.js';
import { PUBLISH_ROUTE, SIMULATE_ROUTE } from '../kit/routing.js';

let product: TestProduct;

beforeAll(async () => {
  product = await startProduct();
  const provider = { slug: 'vendor', wireFormat: 'OPENAI_CHAT', baseUrl: product.upstream.baseUrl, allowPrivateNetwork: true };
  await mutate(product.client, CREATE_PROVIDER, provider);
  const models = { blind: ['STREAMING', 'JSON_MODE'], seeing: ['STREAMING', 'JSON_MODE', 'VISION'], unknown: ['STREAMING'] };
  for (const [slug, capabilities] of Object.entries(models)) {
    await mutate(product.client, CREATE_MODEL, { slug, vendor: 'test', capabilities });
    await mutate(product.client, CREATE_DEPLOYMENT, { provider: 'vendor', model: slug, slug });
  }
  const nodes = ['blind', 'seeing'].map((deployment) => ({ target: { deployment } }));
  await mutate(product.client, PUBLISH_ROUTE, { slug: 'chain', definition: { fallback: { nodes } } });
});

afterAll(() => product.stop());

const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
const image = { role: 'USER', parts: [{ text: 'What is it?' }, { image: { base64: PIXEL, mimeType: 'image/png' } }] };

async function complete(model: string, fields: object = {}): Promise<Record<string, unknown>> {
  const answer = await product.client.query<{ complete: Record<string, unknown> }>(COMPLETE, {
    input: { model, messages: [image], ...fields },
  });
  if (!answer.data) throw new Error(JSON.stringify(answer));
  return answer.data.complete;
}

test('what a model can’t take is refused before anything is sent, and named', async () => {
  const sent = product.upstream.requests.length;
  expect(await complete('blind')).toMatchObject({
    __typename: 'ModelUnavailable',
    code: 'CAPABILITY_NOT_SUPPORTED',
    message: expect.stringMatching(/VISION.*image/),
  });
  expect(product.upstream.requests).toHaveLength(sent);
});

test('a chain skips who can’t take it, and says why', async () => {
  expect(await complete('chain')).toMatchObject({ __typename: 'Completion', text: 'Hello there.' });
  expect(product.upstream.requests.at(-1)?.json).toMatchObject({ model: 'seeing' });
  const { data } = await product.client.query<{ simulateRoute: { candidates: unknown[] } }>(SIMULATE_ROUTE, {
    input: { model: 'chain', messages: [image] },
  });
  expect(data?.simulateRoute.candidates).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ deployment: { slug: 'blind' }, chosen: false, excluded: expect.stringContaining('VISION') }),
      expect.objectContaining({ deployment: { slug: 'seeing' }, chosen: true, excluded: null }),
    ]),
  );
});

test('K3 a document by address is fetched for a provider that takes bytes only, and from nowhere private; an estimate fetches nothing', async () => {
  const sent = product.upstream.requests.length;
  const document = { url: `${product.upstream.url.replace('http:', 'https:')}/a.pdf` };
  const messages = [{ role: 'USER', parts: [{ text: 'Sum it up' }, { document }] }];
  expect(await complete('unknown', { messages })).toMatchObject({
    __typename: 'InvalidRequest',
    code: 'INVALID_REQUEST',
    problems: [{ path: 'messages.0.parts.1.document.url', message: expect.stringContaining('public https address') }],
  });
  const estimate = 'query ($input: CompletionInput!) { estimateCost(input: $input) { basis } }';
  const { errors } = await product.client.query(estimate, { input: { model: 'unknown', messages } });
  expect(errors).toBeUndefined();
  expect(product.upstream.requests).toHaveLength(sent);
});

test('K3 where calls go, and whether into private networks, is the administrator’s to say', async () => {
  const sent = product.upstream.requests.length;
  for (const field of ['baseUrl', 'allowPrivateNetwork']) {
    const { errors } = await product.client.query(COMPLETE, {
      input: { model: 'unknown', messages: [image], [field]: 'http://127.0.0.1:1' },
    });
    expect(errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT' } }]);
  }
  const { secret } = await product.createKey({ permissions: ['INFERENCE', 'CATALOG_READ'] });
  const provider = { slug: 'mine', wireFormat: 'OPENAI_CHAT', baseUrl: product.upstream.baseUrl, allowPrivateNetwork: true };
  const { errors } = await product.clientWith(secret).query(CREATE_PROVIDER, { input: provider });
  expect(errors).toMatchObject([{ extensions: { code: 'FORBIDDEN' } }]);
  expect(product.upstream.requests).toHaveLength(sent);
});

test('a model of which nothing is known is tried', async () => {
  expect(await complete('unknown')).toMatchObject({ __typename: 'Completion' });
});

test('P12 what there is another way for is done so, and told', async () => {
  const responseFormat = { jsonSchema: { name: 'place', schema: { type: 'object', properties: { city: { type: 'string' } } } } };
  const answer = await complete('blind', { messages: [{ role: 'USER', text: 'Where?' }], responseFormat, reasoning: { effort: 'HIGH' } });
  expect(answer).toMatchObject({
    __typename: 'Completion',
    warnings: expect.arrayContaining([
      expect.stringMatching(/^reasoning was left out/),
      expect.stringMatching(/schema was sent as an instruction/),
    ]),
  });
  expect(product.upstream.requests.at(-1)?.json).toMatchObject({ response_format: { type: 'json_object' } });
  expect(product.upstream.requests.at(-1)?.json).not.toHaveProperty('reasoning_effort');
});
