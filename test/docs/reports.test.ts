import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse, validate } from 'graphql';
import { API } from '../graphql/world.js';
import { bookedRow } from '../kit/books.js';
import type { GraphqlClient } from '../kit/graphql-client.js';
import { COMPLETE } from '../kit/operations.js';
import { mutate, startProduct } from '../kit/product.js';
import type { TestProduct } from '../kit/product.js';
import { PUBLISH_ROUTE } from '../kit/routing.js';

const PAGE = readFileSync(path.join(import.meta.dirname, '../../docs/reports.md'), 'utf8');
const RANGE = { from: new Date(Date.now() - 86_400_000).toISOString(), to: new Date(Date.now() + 3_600_000).toISOString() };

interface Example {
  readonly name: string;
  readonly document: string;
  /** What the page says it answers; null where it says nothing. */
  readonly answer: unknown;
}

function examplesOf(page: string): readonly Example[] {
  const blocks = [...page.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].map(([, language = '', body = '']) => ({ language, body }));
  return blocks.flatMap(({ language, body }, index) => {
    // Text shows what an answer may look like; JSON is what comes.
    if (language === 'json' || language === 'text') return [];
    const [, name] = /^(?:query|mutation|subscription) (\w+)/.exec(body) ?? [];
    if (language !== 'graphql' || name === undefined) throw new Error(`a block that no test can run: ${body.slice(0, 60)}`);
    const next = blocks[index + 1];
    return { name, document: body, answer: next?.language === 'json' ? JSON.parse(next.body) : null };
  });
}

const EXAMPLES = examplesOf(PAGE);
let product: TestProduct;
let rated: string;

beforeAll(async () => {
  product = await startProduct();
  await product.serve({ slug: 'words', rates: { INPUT: '1', OUTPUT: '2' } });
  await mutate(product.client, PUBLISH_ROUTE, {
    slug: 'assistant',
    definition: { split: { experiment: 'tone', branches: [{ name: 'warm', weight: 1, node: { target: { model: 'words' } } }] } },
  });
  const team = await mutate(
    product.client,
    'mutation ($input: CreateTeamInput!) { createTeam(input: $input) { __typename ... on Team { id } } }',
    {
      slug: 'support',
      name: 'Support',
    },
  );
  const support = product.clientWith((await product.createKey({ teamId: team['id'], permissions: ['INFERENCE'] })).secret);
  const search = [{ key: 'feature', value: 'search' }];
  rated = await complete(support, { user: 'anna', tags: search });
  await rate(rated);
  const made = [
    rated,
    await complete(support, { user: 'anna', tags: search }),
    await complete(support, { user: 'ben', model: 'assistant', tags: [{ key: 'feature', value: 'chat' }] }),
    await complete(support, { model: 'unheard-of', tags: search }),
    await complete(product.client, { user: 'anna' }),
  ];
  for (const id of made) await bookedRow(product.database.url, id);
});

afterAll(() => product.stop());

async function complete(client: GraphqlClient, input: object): Promise<string> {
  const { data } = await client.query<{ complete: { id: string; inference?: { id: string } } }>(COMPLETE, {
    input: { model: 'words', messages: [{ role: 'USER', text: 'hello' }], ...input },
  });
  if (!data) throw new Error('no answer');
  return data.complete.inference?.id ?? data.complete.id;
}

const rate = (inferenceId: string) =>
  mutate(
    product.client,
    'mutation ($input: RecordFeedbackInput!) { recordFeedback(input: $input) { __typename ... on Feedback { id } } }',
    {
      inferenceId,
      value: 1,
    },
  );

/** When it ran is no business of the page. */
function timeless(answer: unknown): unknown {
  return JSON.parse(
    JSON.stringify(answer, (key, value: unknown) => {
      if (key === 'endCursor') return 'a cursor';
      return typeof value === 'string' && /^\d{4}-\d\d-\d\dT/.test(value) ? 'an instant' : value;
    }),
  );
}

describe('docs/reports.md', () => {
  test('has an example of each report', () => {
    expect(EXAMPLES.length).toBeGreaterThan(8);
    for (const field of ['usage(', 'costs(', 'inferences(', 'inferenceSettled(', 'recordFeedback('])
      expect(EXAMPLES.some(({ document }) => document.includes(field))).toBe(true);
  });

  test.each(EXAMPLES.map((example) => [example.name, example] as const))('%s', async (_name, { document, answer }) => {
    if (document.startsWith('subscription')) return expect(validate(API.schema, parse(document))).toEqual([]);
    const { data, errors } = await product.client.query(document, { range: RANGE, after: null, id: rated });
    expect(errors).toBeUndefined();
    if (answer !== null) expect(timeless(data)).toEqual(timeless(answer));
  });
});
