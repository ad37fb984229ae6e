import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { chatBody } from '../kit/scripted-upstream.js';
import { COMPLETE, STREAM_COMPLETION } from '../kit/operations.js';
import { startProduct } from '../kit/product.js';
import type { TestProduct } from '../kit/product.js';
import { terminalOf } from '../kit/streams.js';
import type { StreamEvent } from '../kit/streams.js';

let product: TestProduct;

beforeAll(async () => {
  product = await startProduct();
  await product.serve({ slug: 'priced', rates: { INPUT: '1', OUTPUT: '2' } });
  await product.serve({ slug: 'unpriced' });
});

afterAll(() => product.stop());

const ESTIMATE = /* GraphQL */ `
  query ($input: CompletionInput!) {
    estimateCost(input: $input) {
      low {
        amount
      }
      expected {
        amount
        currency
      }
      high {
        amount
      }
      inputTokens
      expectedOutputTokens
      basis
      decision {
        candidates {
          deployment {
            slug
          }
          chosen
        }
        attempts {
          index
        }
      }
    }
  }
`;

interface Estimate {
  readonly low: { amount: string } | null;
  readonly expected: { amount: string } | null;
  readonly high: { amount: string } | null;
  readonly inputTokens: number;
}

const input = (fields: object = {}) => ({ model: 'priced', messages: [{ role: 'USER', text: 'hello' }], ...fields });
const estimate = (fields?: object, client = product.client) => client.query<{ estimateCost: Estimate }>(ESTIMATE, { input: input(fields) });
const complete = async (fields: object, key?: string) => {
  const answer = await product.client.query<{ complete: Record<string, unknown> }>(COMPLETE, { input: input(fields), key });
  return answer.data?.complete ?? {};
};
describe('estimateCost', () => {
  test('predicts cost and target, and nobody is asked', async () => {
    const before = product.upstream.requests.length;
    const { data } = await estimate({ maxOutputTokens: 1_000 });
    expect(data?.estimateCost).toMatchObject({
      low: { amount: '0.00001' },
      expected: { amount: '0.00052', currency: 'USD' },
      high: { amount: '0.002011' },
      ...{ inputTokens: 8, expectedOutputTokens: 256 },
      decision: { candidates: [{ deployment: { slug: 'test.priced' }, chosen: true }], attempts: [] },
    });
    expect(product.upstream.requests).toHaveLength(before);
  });

  test('C20 counts what surrounds the words, and says that it is an estimate', async () => {
    const bare = (await estimate()).data?.estimateCost;
    const dressed = await estimate({
      messages: [
        { role: 'SYSTEM', text: 'Answer in the words of a pirate, and never say why. '.repeat(10) },
        { role: 'USER', parts: [{ text: 'hello' }, { image: { url: 'https://example.com/cat.png' } }] },
      ],
      tools: [{ name: 'look_up', description: 'Looks a word up in the dictionary. '.repeat(10), parameters: { type: 'object' } }],
    });
    const whole = dressed.data?.estimateCost;
    expect((whole?.inputTokens ?? 0) - (bare?.inputTokens ?? 0)).toBeGreaterThan(765 + 130 + 80);
    expect(whole).toMatchObject({ basis: expect.stringMatching(/estimate.*system.*tools.*1 × image/) });
  });

  test('the bill of the call lies between low and high', async () => {
    const fields = { messages: [{ role: 'USER', text: 'Tell me of the sea. '.repeat(20) }], maxOutputTokens: 300 };
    const { low, high } = (await estimate(fields)).data?.estimateCost ?? {};
    product.upstream.respondOnce(({ json }) => {
      json(200, chatBody({ usage: { prompt_tokens: 121, completion_tokens: 280 } }));
    });
    const { cost } = (await complete(fields)) as { cost: { total: { amount: string } } };
    expect(Number(low?.amount)).toBeLessThanOrEqual(Number(cost.total.amount));
    expect(Number(high?.amount)).toBeGreaterThanOrEqual(Number(cost.total.amount));
  });

  test('C13 without a price there is no amount, and the tokens are told all the same', async () => {
    const { data } = await estimate({ model: 'unpriced' });
    expect(data?.estimateCost).toMatchObject({ low: null, expected: null, high: null, inputTokens: 8 });
  });

  test('needs INFERENCE, and a model that exists and is allowed', async () => {
    const codeOf = async (answering: ReturnType<typeof estimate>) => (await answering).errors?.[0]?.extensions['code'];
    expect(await codeOf(estimate({ model: 'nobody' }))).toBe('BAD_USER_INPUT');
    const reader = await product.createKey({ permissions: ['USAGE_READ'] });
    expect(await codeOf(estimate({}, product.clientWith(reader.secret)))).toBe('FORBIDDEN');
    const other = await product.createKey({ models: ['unpriced'] });
    expect(await codeOf(estimate({}, product.clientWith(other.secret)))).toBe('FORBIDDEN');
    expect(await codeOf(estimate({ model: 'unpriced' }, product.clientWith(other.secret)))).toBeUndefined();
  });
});

describe('maxCost', () => {
  test('refuses before any upstream call, with a row that tells why', async () => {
    const before = product.upstream.requests.length;
    const refused = await complete({ maxCost: '0.0005' });
    expect(refused).toMatchObject({ __typename: 'InvalidRequest', code: 'COST_LIMIT_EXCEEDED', problems: [{ path: 'maxCost' }] });
    const { inference } = refused as { inference: { id: string } };
    const row = await product.client.query(
      'query ($id: ID!) { inference(id: $id) { status error { code } cost { total { amount } } } }',
      inference,
    );
    expect(row.data).toEqual({
      inference: { status: 'BLOCKED', error: { code: 'COST_LIMIT_EXCEEDED' }, cost: { total: { amount: '0' } } },
    });
    expect(product.upstream.requests).toHaveLength(before);
  });

  test('lets the same call through where it is enough, under the same key', async () => {
    expect(await complete({ maxCost: '0.0005' }, 'dear')).toMatchObject({ code: 'COST_LIMIT_EXCEEDED' });
    expect(await complete({ maxCost: '0.00052' }, 'dear')).toMatchObject({ __typename: 'Completion', status: 'SUCCEEDED' });
    expect(await complete({ maxCost: '1' }, 'dear')).toMatchObject({ code: 'IDEMPOTENCY_MISMATCH' });
  });

  test('a streamed refusal is a single event', async () => {
    const socket = product.client.openSocket();
    const variables = { input: input({ maxCost: 0 }), key: 'dear-stream' };
    const { data } = await socket.collect<{ streamCompletion: StreamEvent }>(STREAM_COMPLETION, variables);
    const events = data.map((result) => result.streamCompletion);
    expect(events).toHaveLength(1);
    expect(terminalOf(events)).toMatchObject({ sequence: 0, error: { code: 'COST_LIMIT_EXCEEDED' }, completion: { status: 'BLOCKED' } });
  });

  test('C13 can’t be kept without a price: UNPRICED_MODEL', async () => {
    expect(await complete({ model: 'unpriced', maxCost: '1' })).toMatchObject({ __typename: 'ModelUnavailable', code: 'UNPRICED_MODEL' });
  });

  test.each(['-1', '0.0000000000001'])('%s is no amount', async (maxCost) => {
    expect(await complete({ maxCost })).toMatchObject({ code: 'INVALID_REQUEST', problems: [{ path: 'maxCost' }] });
  });
});
