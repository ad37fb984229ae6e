import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { mutate, startProduct } from '../kit/product.js';
import type { TestProduct } from '../kit/product.js';
import { CREATE_PROVIDER } from '../kit/operations.js';
import { DEPLOYMENT_HEALTH, serveTwo } from '../kit/routing.js';
import { createSkippingClock } from '../kit/skipping-clock.js';

const clock = createSkippingClock();
let product: TestProduct;

beforeAll(async () => {
  product = await startProduct({ clock });
});

afterAll(() => product.stop());

const UPDATE_PROVIDER = /* GraphQL */ `
  mutation ($input: UpdateProviderInput!) {
    updateProvider(input: $input) {
      __typename
      ... on Provider {
        healthCheckSeconds
      }
      ... on InvalidRequest {
        code
        problems {
          path
        }
      }
    }
  }
`;

async function idOf(slug: string): Promise<string> {
  const { data } = await product.client.query<{ provider: { id: string; healthCheckSeconds: null } }>(
    `{ provider(slug: "${slug}") { id healthCheckSeconds } }`,
  );
  expect(data?.provider.healthCheckSeconds).toBeNull();
  return data!.provider.id;
}

/** Waits for the state: what a look came to is noted a moment after its answer has been written. */
async function healthOf(slug: string, state: string): Promise<Record<string, unknown>> {
  for (;;) {
    const { data } = await product.client.query(DEPLOYMENT_HEALTH, {});
    const { nodes } = (data as { deployments: { nodes: { slug: string; health: Record<string, unknown> }[] } }).deployments;
    const health = nodes.find((node) => node.slug === slug)!.health;
    if (health['state'] === state) return health;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

test('an idle upstream is looked after where its provider says so: free, unbooked, and seen in its health', async () => {
  const { first, second } = await serveTwo(product, { name: 'idle', first: product.upstream, second: product.upstream });
  const id = await idOf('idle-a');
  expect(await mutate(product.client, UPDATE_PROVIDER, { id, healthCheckSeconds: 30 })).toMatchObject({ healthCheckSeconds: 30 });
  product.upstream.respond(({ json }) => json(401, { error: { message: 'bad key' } }));
  await clock.skip(6_000);
  const request = await product.upstream.nextRequest();
  expect(request).toMatchObject({ method: 'GET', path: '/v1/models', body: '' });
  expect(request.headers.authorization).toBe('Bearer sk-upstream-secret-0123456789');
  expect(await healthOf(first, 'OPEN')).toMatchObject({ reason: 'AUTH: the provider refused the credential', until: expect.any(String) });
  expect(await healthOf(second, 'HEALTHY')).toMatchObject({ until: null });
  const { data } = await product.client.query('{ inferences(first: 1) { nodes { id } } }');
  expect(data).toEqual({ inferences: { nodes: [] } });
  expect(await mutate(product.client, UPDATE_PROVIDER, { id, healthCheckSeconds: null })).toMatchObject({ healthCheckSeconds: null });
});

test('its time has bounds', async () => {
  for (const healthCheckSeconds of [9, 3_601]) {
    const input = { slug: 'bounds', wireFormat: 'OPENAI_CHAT', baseUrl: 'https://a.test/v1', healthCheckSeconds };
    await expect(mutate(product.client, CREATE_PROVIDER, input)).rejects.toThrow('healthCheckSeconds');
  }
});
