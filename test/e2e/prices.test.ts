import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { bookedRow } from '../kit/books.js';
import { GENERATE_IMAGE, operationDocument } from '../kit/operation-cases.js';
import { chatBody } from '../kit/scripted-upstream.js';
import { COMPLETE, COMPLETION, CREATE_DEPLOYMENT, CREATE_MODEL, CREATE_PROVIDER } from '../kit/operations.js';
import { mutate, startProduct } from '../kit/product.js';
import type { TestProduct } from '../kit/product.js';
import { recorded } from '../providers/gemini/recorded.js';

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

test('C10 a picture in Gemini’s form is billed by each class of its tokens, and a withheld one by what it took', async () => {
  const { client, upstream } = product;
  const tiers = [{ rates: [...rates('0.5', '3'), { component: 'IMAGE_OUTPUT', amount: '60' }] }];
  const price = { effectiveFrom: '2020-01-01T00:00:00Z', tiers };
  const provider = { slug: 'google', wireFormat: 'GEMINI', baseUrl: upstream.baseUrl, allowPrivateNetwork: true };
  await mutate(client, CREATE_PROVIDER, { ...provider, credential: { apiKey: 'AIza-upstream-secret-0123456789' } });
  await mutate(client, CREATE_MODEL, { slug: 'gemini-3.1-flash-image', vendor: 'google', operations: ['IMAGE'], price });
  await mutate(client, CREATE_DEPLOYMENT, { provider: 'google', model: 'gemini-3.1-flash-image' });
  const paint = async (answer: string) => {
    upstream.respondOnce(({ json }) => json(200, recorded(answer)));
    const input = { model: 'gemini-3.1-flash-image', prompt: 'a heron', size: '1024x1536' };
    return (await client.query<{ generateImage: object }>(operationDocument(GENERATE_IMAGE), { input })).data?.generateImage;
  };
  expect(await paint('image')).toMatchObject({
    ...{ images: [{ mimeType: 'image/png', base64: 'iVBORw0KGgo=' }], usage: { input: 8, totalOutput: 1_290 } },
    // 8 for 0.5 and 170 of thinking for 3 and 1,120 of the picture for 60, by the million.
    cost: { total: { amount: '0.067714' }, quality: 'EXACT' },
    warnings: [expect.stringContaining('2:3 at 1K')],
  });
  expect(upstream.requests.at(-1)).toMatchObject({
    path: '/v1/models/gemini-3.1-flash-image:generateContent',
    headers: { 'x-goog-api-key': 'AIza-upstream-secret-0123456789' },
  });
  expect(await paint('image-safety')).toMatchObject({
    code: 'PROVIDER_CONTENT_FILTER',
    inference: { usage: { input: 12 }, cost: { total: { amount: '0.000006' } }, routing: { attempts: [{ failure: 'CONTENT_FILTER' }] } },
  });
});
