import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { bookedRow } from '../kit/books.js';
import { COMPLETE, CREATE_DEPLOYMENT, CREATE_MODEL, CREATE_PROVIDER } from '../kit/operations.js';
import { mutate, startProduct } from '../kit/product.js';
import type { TestProduct } from '../kit/product.js';
import { chatBody, chatStream } from '../kit/scripted-upstream.js';
import { streamAll, terminalOf, textOf } from '../kit/streams.js';

let product: TestProduct;

beforeAll(async () => {
  product = await startProduct();
  const rates = [
    { component: 'INPUT', amount: '1' },
    { component: 'OUTPUT', amount: '2' },
  ];
  const price = { effectiveFrom: '2020-01-01T00:00:00Z', tiers: [{ rates }] };
  await mutate(product.client, CREATE_PROVIDER, {
    ...{ slug: 'vendor', wireFormat: 'OPENAI_CHAT', baseUrl: product.upstream.baseUrl, allowPrivateNetwork: true },
  });
  await mutate(product.client, CREATE_PROVIDER, {
    ...{
      slug: 'vouching',
      preset: 'openai',
      baseUrl: product.upstream.baseUrl,
      allowPrivateNetwork: true,
      credential: { apiKey: 'sk-test-0123456789' },
    },
  });
  await mutate(product.client, CREATE_MODEL, { slug: 'vouched', vendor: 'test', capabilities: ['STREAMING', 'JSON_SCHEMA'], price });
  await mutate(product.client, CREATE_DEPLOYMENT, { provider: 'vouching', model: 'vouched', structuredOutputRepair: true });
  for (const [slug, structuredOutputRepair] of [
    ['careful', true],
    ['plain', false],
  ] as const) {
    await mutate(product.client, CREATE_MODEL, { slug, vendor: 'test', capabilities: ['STREAMING', 'JSON_MODE'], price });
    await mutate(product.client, CREATE_DEPLOYMENT, { provider: 'vendor', model: slug, structuredOutputRepair });
  }
});

afterAll(() => product.stop());

const schema = { type: 'object', properties: { city: { type: 'string' }, people: { type: 'integer' } }, required: ['city', 'people'] };
const input = (model: string, fields: object = {}) => ({
  ...{ model, messages: [{ role: 'USER', text: 'Where?' }], responseFormat: { jsonSchema: { name: 'place', schema } } },
  ...fields,
});
const FITS = '{"city":"Oslo","people":700000}';
const MISFITS = '{"city":"Oslo","people":"many"}';
const FIRST = { prompt_tokens: 20, completion_tokens: 8, total_tokens: 28 };
const SECOND = { prompt_tokens: 60, completion_tokens: 9, total_tokens: 69 };

/** The upstream's next answers, in the form that they are asked for. */
function answers(...texts: readonly string[]): () => number {
  const before = product.upstream.requests.length;
  texts.forEach((content, index) => {
    const usage = index === 0 ? FIRST : SECOND;
    product.upstream.respondOnce(async (exchange) => {
      if (exchange.request.json?.['stream'] === true) await exchange.stream(chatStream(content.match(/.{1,6}/gs) ?? [], usage));
      else exchange.json(200, chatBody({ message: { content }, usage }));
    });
  });
  return () => product.upstream.requests.length - before;
}

interface Told {
  readonly id: string;
  readonly text: string;
  readonly warnings: readonly string[];
  readonly usage: { readonly input: number; readonly output: number };
  readonly cost: { readonly total: { readonly amount: string } };
  readonly routing: { readonly attempts: readonly { readonly index: number; readonly status: string }[] };
}

async function complete(model: string, fields: object = {}): Promise<Told> {
  const { data } = await product.client.query<{ complete: Told }>(COMPLETE, { input: input(model, fields) });
  if (!data) throw new Error('no answer');
  return data.complete;
}

test('an answer that fits is asked for once, and nothing is said of it', async () => {
  const sent = answers(FITS);
  const told = await complete('careful');
  expect(told.text).toBe(FITS);
  expect(told.warnings).toEqual([expect.stringContaining('sent as an instruction')]);
  expect(sent()).toBe(1);
});

test('one that does not is told, and repaired only where the deployment says so', async () => {
  const sent = answers(MISFITS);
  const told = await complete('plain');
  expect(told.text).toBe(MISFITS);
  expect(told.warnings).toContain('schema_mismatch: the answer does not fit responseFormat.jsonSchema.schema: type at /people');
  expect(sent()).toBe(1);
});

test('one that the vendor vouches for is not checked', async () => {
  const sent = answers(MISFITS);
  expect(await complete('vouched')).toMatchObject({ text: MISFITS, warnings: [] });
  expect(sent()).toBe(1);
  const wish = answers(MISFITS);
  const responseFormat = { jsonSchema: { name: 'place', schema, strict: false } };
  const events = await streamAll(product.client.openSocket(), { input: input('plain', { responseFormat }), key: 'a wish' });
  expect((terminalOf(events).completion as unknown as Told).warnings.at(-1)).toMatch(/^schema_mismatch/);
  expect(wish()).toBe(1);
});

describe('a repair', () => {
  test.each(['whole', 'streamed'])('of an answer that comes %s: one row holds both usages and costs', async (form) => {
    const sent = answers(MISFITS, FITS);
    let told: Told;
    if (form === 'whole') told = await complete('careful');
    else {
      const events = await streamAll(product.client.openSocket(), { input: input('careful'), key: 'repaired' });
      expect(textOf(events)).toBe(FITS);
      const kinds = events.map(({ __typename }) => __typename).filter((kind, at, all) => kind !== all[at - 1]);
      expect(kinds).toEqual(['CompletionStarted', 'CompletionRerouted', 'TextDelta', 'UsageUpdated', 'CompletionFinished']);
      told = terminalOf(events).completion as unknown as Told;
    }
    expect(sent()).toBe(2);
    expect(told).toMatchObject({ text: FITS, usage: { input: 80, output: 17 }, cost: { total: { amount: '0.000114' } } });
    expect(told.warnings.at(-1)).toMatch(/^schema_repaired: .*type at \/people/);
    const row = await bookedRow(product.database.url, told.id);
    expect(row).toMatchObject({ status: 'SUCCEEDED', input: '80', output: '17', attempt_count: 2, rerouted: false });
    expect(Number(row['cost'])).toBe(0.000114);
    expect(row.attempts).toMatchObject([
      { index: 0, input: '20', output: '8', reason: null },
      { index: 1, input: '60', output: '9', reason: expect.stringContaining('type at /people') },
    ]);
    const reasons = 'query ($id: ID!) { completion(id: $id) { routing { attempts { index reason } } } }';
    const { data } = await product.client.query<{ completion: object }>(reasons, { id: told.id });
    expect(data?.completion).toMatchObject({ routing: { attempts: [{ reason: null }, { index: 1, reason: expect.any(String) }] } });
  });

  test('that does not fit either leaves the first answer, at the cost of both', async () => {
    const sent = answers(MISFITS, '{"city":7}');
    const told = await complete('careful');
    expect(told).toMatchObject({ text: MISFITS, usage: { input: 80, output: 17 } });
    expect(told.warnings.at(-1)).toMatch(/^schema_mismatch: .*second answer does not fit either$/);
    expect(sent()).toBe(2);
  });

  test('that could cost more than maxCost allows is not tried', async () => {
    const sent = answers(MISFITS);
    const told = await complete('careful', { maxCost: '0.002' });
    expect(told).toMatchObject({ text: MISFITS, usage: { input: 20, output: 8 } });
    expect(told.warnings.at(-1)).toContain('maxCost');
    expect(sent()).toBe(1);
  });

  test('stands in the upper bound of an estimate', async () => {
    const estimate = 'query ($input: CompletionInput!) { estimateCost(input: $input) { expected { amount } high { amount } basis } }';
    const [careful, plain] = await Promise.all(
      ['careful', 'plain'].map(async (model) => {
        const { data } = await product.client.query<{
          estimateCost: { expected: { amount: string }; high: { amount: string }; basis: string };
        }>(estimate, { input: input(model) });
        return data!.estimateCost;
      }),
    );
    expect(careful!.expected).toEqual(plain!.expected);
    expect(Number(careful!.high.amount)).toBeGreaterThan(2 * Number(plain!.high.amount));
    expect(careful!.basis).toContain('one repair');
  });
});

test('a schema that is none is refused with its place, and nobody is called', async () => {
  const sent = answers();
  const responseFormat = { jsonSchema: { name: 'place', schema: { type: 'object', properties: { city: { type: 'strnig' } } } } };
  expect(await complete('careful', { responseFormat })).toMatchObject({
    __typename: 'InvalidRequest',
    problems: [{ path: 'responseFormat.jsonSchema.schema.properties.city.type' }],
  });
  expect(sent()).toBe(0);
});
