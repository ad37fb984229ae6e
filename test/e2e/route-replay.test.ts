import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { bookedRow } from '../kit/books.js';
import { COMPLETE } from '../kit/operations.js';
import { mutate, startProduct } from '../kit/product.js';
import type { TestProduct } from '../kit/product.js';
import { PUBLISH_ROUTE } from '../kit/routing.js';

let product: TestProduct;

beforeAll(async () => {
  product = await startProduct();
  // A call costs 11 × 1 + 7 × 1 millionths of a dollar at the first, ten times that at the second.
  await product.serve({ slug: 'small', rates: { INPUT: '1', OUTPUT: '1' } });
  await product.serve({ slug: 'large', rates: { INPUT: '10', OUTPUT: '10' } });
});

afterAll(() => product.stop());

const REPLAY = /* GraphQL */ `
  query ($slug: String!, $version: Int, $definition: RouteNodeInput, $range: TimeRangeInput!, $limit: Int) {
    replayRoute(slug: $slug, version: $version, definition: $definition, range: $range, limit: $limit) {
      route {
        slug
      }
      version
      decided
      skipped
      changed
      priced
      measured
      hasMore
      before {
        ...Traffic
      }
      after {
        ...Traffic
      }
      moved {
        before {
          slug
        }
        after {
          slug
        }
        decision {
          steps {
            kind
          }
        }
      }
    }
  }
  fragment Traffic on ReplayedTraffic {
    split {
      deployment {
        slug
      }
      calls
      share
    }
    refused
    cost {
      amount
    }
    latencyMs
  }
`;

interface Replay {
  readonly decided: number;
  readonly changed: number;
  readonly before: { readonly latencyMs: number | null };
  readonly after: { readonly latencyMs: number | null };
  readonly moved: readonly object[];
}

const range = { from: '2020-01-01T00:00:00Z', to: '2100-01-01T00:00:00Z' };
const small = { target: { deployment: 'test.small' } };
const large = { target: { deployment: 'test.large' } };
const turns = { balance: { strategy: 'ROUND_ROBIN', branches: [{ node: small }, { node: large }] } };

/** Makes calls one after the other; their rows are booked once it resolves. */
async function call(model: string, calls: readonly object[]): Promise<void> {
  const ids: string[] = [];
  for (const fields of calls) {
    const input = { model, messages: [{ role: 'USER', text: 'hello' }], ...fields };
    const { data } = await product.client.query<{ complete: { id: string } }>(COMPLETE, { input });
    ids.push(data!.complete.id);
  }
  for (const id of ids) await bookedRow(product.database.url, id);
}

async function replay(variables: object, client = product.client): Promise<Replay> {
  const answer = await client.query<{ replayRoute: Replay }>(REPLAY, { range, ...variables });
  if (!answer.data) throw new Error(JSON.stringify(answer.errors));
  return answer.data.replayRoute;
}

test('past calls under another version: how split and cost would have changed, and nobody is called', async () => {
  await mutate(product.client, PUBLISH_ROUTE, { slug: 'main', definition: small });
  await call('main', [{}, {}, {}, {}, {}, {}]);
  await mutate(product.client, PUBLISH_ROUTE, { slug: 'main', definition: turns });
  // Two answers of the other target, so that the replay knows how long it takes.
  await call('main', [{}, {}, {}, {}]);
  const before = product.upstream.requests.length;

  expect(await replay({ slug: 'main', version: 1 })).toMatchObject({
    ...{ route: { slug: 'main' }, version: 1, decided: 10, skipped: 0, changed: 2, priced: 10, measured: 10, hasMore: false },
    before: {
      split: [{ deployment: { slug: 'test.small' }, calls: 8, share: 0.8 }, { calls: 2 }],
      cost: { amount: '0.000504' },
      refused: 0,
    },
    after: {
      split: [{ deployment: { slug: 'test.small' }, calls: 10, share: 1 }],
      cost: { amount: '0.00018' },
      latencyMs: expect.any(Number),
    },
  });
  const second = await replay({ slug: 'main' });
  expect(second).toMatchObject({ version: 2, changed: 3, after: { split: [{ calls: 5 }, { calls: 5 }], cost: { amount: '0.00099' } } });
  expect(second.moved).toEqual(
    second.moved.map(() => ({
      ...{ before: { slug: 'test.small' }, after: { slug: 'test.large' } },
      decision: { steps: [{ kind: 'BALANCE' }, { kind: 'TARGET' }] },
    })),
  );
  // Only what this very version had decided: the same, every one of them.
  expect(await replay({ slug: 'main', limit: 6, version: 1 })).toMatchObject({ decided: 6, changed: 0, hasMore: true });
  expect(product.upstream.requests.length).toBe(before);
});

test('a tree that is not published is tried on past calls, its turns and pins taken as they would have been', async () => {
  await mutate(product.client, PUBLISH_ROUTE, { slug: 'drafted', definition: small });
  await call(
    'drafted',
    ['a', 'b', 'a', 'b', 'a', 'a'].map((sessionId) => ({ sessionId })),
  );
  const sticky = { balance: { ...turns.balance, sticky: 'SESSION' } };
  expect(await replay({ slug: 'drafted', definition: sticky })).toMatchObject({
    ...{ version: null, decided: 6, changed: 2 },
    after: {
      split: [
        { deployment: { slug: 'test.small' }, calls: 4 },
        { deployment: { slug: 'test.large' }, calls: 2 },
      ],
    },
  });
  const cheapest = { balance: { ...turns.balance, strategy: 'LOWEST_COST' } };
  expect(await replay({ slug: 'drafted', definition: cheapest })).toMatchObject({ changed: 0, after: { split: [{ calls: 6 }] } });
});

test('it needs what reading routes and others’ calls needs, and a sane question', async () => {
  const ask = async (permissions: readonly string[] | null, variables: object) => {
    const client = permissions === null ? product.client : product.clientWith((await product.createKey({ permissions })).secret);
    const answer = await client.query(REPLAY, { range, slug: 'main', ...variables });
    return answer.errors?.[0]?.extensions['code'] ?? answer.data?.['replayRoute'];
  };
  expect(await ask(['INFERENCE', 'USAGE_READ'], {})).toBe('FORBIDDEN');
  expect(await ask(['CATALOG_READ'], {})).toBe('FORBIDDEN');
  expect(await ask(['CATALOG_READ', 'USAGE_READ'], { definition: small })).toBe('FORBIDDEN');
  expect(await ask(['CATALOG_READ', 'USAGE_READ'], { limit: 1 })).toMatchObject({ decided: 1 });
  expect(await ask(null, { slug: 'nope' })).toBeNull();
  for (const variables of [
    { limit: 0 },
    { limit: 10_001 },
    { version: 9 },
    { version: 1, definition: small },
    { definition: { fallback: { nodes: [] } } },
  ])
    expect(await ask(null, variables)).toBe('BAD_USER_INPUT');
});
