import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { bookedRow } from '../kit/books.js';
import { chatBody } from '../kit/scripted-upstream.js';
import { COMPLETE, COMPLETION } from '../kit/operations.js';
import { mutate, startProduct } from '../kit/product.js';
import type { TestProduct } from '../kit/product.js';

let product: TestProduct;

beforeAll(async () => {
  product = await startProduct();
});

afterAll(() => product.stop());

const SET_PRICE = /* GraphQL */ `
  mutation ($input: SetPriceInput!) {
    setPrice(input: $input) {
      __typename
      ... on Price {
        effectiveFrom
      }
      ... on UserError {
        code
        message
      }
    }
  }
`;
const HISTORY = /* GraphQL */ `
  query ($at: DateTime) {
    model(slug: "long") {
      price(at: $at) {
        tiers {
          aboveInputTokens
        }
      }
      priceHistory {
        tiers {
          aboveInputTokens
        }
      }
    }
  }
`;

const rates = (input: string, output: string) => [
  { component: 'INPUT', amount: input },
  { component: 'OUTPUT', amount: output },
];

async function complete(promptTokens: number): Promise<{ id: string; amount: string }> {
  product.upstream.respondOnce(({ json }) => {
    json(200, chatBody({ usage: { prompt_tokens: promptTokens, completion_tokens: 1_000, total_tokens: promptTokens + 1_000 } }));
  });
  const input = { model: 'long', messages: [{ role: 'USER', text: 'hello' }] };
  const { data } = await product.client.query<{ complete: { id: string; cost: { total: { amount: string } } } }>(COMPLETE, { input });
  return { id: data?.complete.id ?? '', amount: data?.complete.cost.total.amount ?? '' };
}

test('C6 a size tier that its vendor dropped holds for what was called before, and for nothing after', async () => {
  await product.serve({
    slug: 'long',
    tiers: [{ rates: rates('1.25', '10') }, { aboveInputTokens: 200_000, rates: rates('2.50', '15') }],
  });
  const before = await complete(200_001);
  expect(before.amount).toBe('0.5150025');
  expect((await complete(200_000)).amount).toBe('0.26');
  await mutate(product.client, SET_PRICE, { model: 'long', price: { tiers: [{ rates: rates('1.25', '10') }] } });
  expect((await complete(200_001)).amount).toBe('0.26000125');

  await bookedRow(product.database.url, before.id);
  const old = await product.client.query(COMPLETION, { id: before.id });
  expect(old.data).toMatchObject({
    completion: { cost: { total: { amount: '0.5150025' }, price: { tiers: [{ aboveInputTokens: 0 }, { aboveInputTokens: 200_000 }] } } },
  });
  const now = await product.client.query(HISTORY, { at: null });
  expect(now.data).toMatchObject({ model: { price: { tiers: [{ aboveInputTokens: 0 }] }, priceHistory: [{}, {}] } });
  const then = await product.client.query(HISTORY, { at: '2021-01-01T00:00:00Z' });
  expect(then.data).toMatchObject({ model: { price: { tiers: [{ aboveInputTokens: 0 }, { aboveInputTokens: 200_000 }] } } });
});
