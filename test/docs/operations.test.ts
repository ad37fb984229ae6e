import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { OPERATION_CASES } from '../kit/operation-cases.js';
import { startProduct } from '../kit/product.js';
import type { TestProduct } from '../kit/product.js';

let product: TestProduct;

beforeAll(async () => {
  product = await startProduct({ env: { SANDBOX: 'on' } });
});

afterAll(() => product.stop());

const page = readFileSync('docs/operations.md', 'utf8');
const examples = [...page.matchAll(/```graphql\n([\s\S]*?)```/g)].map(([, block = '']) => block);

test.each(OPERATION_CASES.map(({ field, type }) => [field, type]))('the page shows %s, and the sandbox answers it', async (field, type) => {
  const example = examples.find((block) => block.includes(`${field}(`));
  const { data, errors } = await product.client.query<Record<string, { __typename: string; cost: { total: { amount: string } } }>>(
    example ?? '',
  );
  expect(errors).toBeUndefined();
  expect(data?.[field]?.__typename).toBe(type);
  expect(Number(data?.[field]?.cost.total.amount)).toBeGreaterThan(0);
  expect(page).toContain(`| \`${field}\` `);
});
