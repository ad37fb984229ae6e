import { CREATE_DEPLOYMENT, CREATE_MODEL, CREATE_PROVIDER } from './operations.js';
import { mutate } from './product.js';
import type { TestProduct } from './product.js';
import type { ScriptedUpstream } from './scripted-upstream.js';

const ROUTE = /* GraphQL */ `
  ... on Route {
    id
    slug
    current {
      version
      note
      definition
    }
    versions {
      nodes {
        version
      }
    }
  }
  ... on InvalidRequest {
    code
    problems {
      path
      message
    }
  }
  ... on Conflict {
    code
    message
  }
  ... on NotFound {
    code
    message
  }
`;

export const PUBLISH_ROUTE = /* GraphQL */ `
  mutation ($input: PublishRouteInput!) {
    publishRoute(input: $input) {
      __typename
      ${ROUTE}
    }
  }
`;

export const ROLLBACK_ROUTE = /* GraphQL */ `
  mutation ($input: RollbackRouteInput!) {
    rollbackRoute(input: $input) {
      __typename
      ${ROUTE}
    }
  }
`;

export const SIMULATE_ROUTE = /* GraphQL */ `
  query ($input: CompletionInput!, $definition: RouteNodeInput, $seed: String) {
    simulateRoute(input: $input, definition: $definition, seed: $seed) {
      route {
        slug
      }
      routeVersion
      seed
      steps {
        path
        kind
        outcome
        reason
      }
      candidates {
        deployment {
          slug
        }
        chosen
        score
        excluded
      }
      attempts {
        index
      }
    }
  }
`;

export const DEPLOYMENT_HEALTH = /* GraphQL */ `
  query ($filter: DeploymentFilter) {
    deployments(first: 100, filter: $filter) {
      nodes {
        slug
        health {
          state
          reason
          since
          until
        }
      }
    }
  }
`;

/** One model, served by two providers: `first` and `second` are the slugs of its deployments. */
export interface Pair {
  readonly name: string;
  readonly model: string;
  readonly first: string;
  readonly second: string;
}

export async function serveTwo(
  { client }: TestProduct,
  { name, first, second }: { readonly name: string; readonly first: ScriptedUpstream; readonly second: ScriptedUpstream },
): Promise<Pair> {
  await mutate(client, CREATE_MODEL, { slug: name, vendor: 'test', capabilities: ['STREAMING'] });
  for (const [suffix, upstream] of [
    ['a', first],
    ['b', second],
  ] as const) {
    const provider = `${name}-${suffix}`;
    const credential = { apiKey: 'sk-upstream-secret-0123456789' };
    await mutate(client, CREATE_PROVIDER, {
      ...{ slug: provider, wireFormat: 'OPENAI_CHAT', baseUrl: upstream.baseUrl, credential, allowPrivateNetwork: true },
    });
    await mutate(client, CREATE_DEPLOYMENT, { provider, model: name, slug: `${name}.${suffix}` });
  }
  return { name, model: name, first: `${name}.a`, second: `${name}.b` };
}

/** A route that tries the first, then the second. */
export async function failOver({ client }: TestProduct, pair: Pair, terms: object = {}): Promise<Pair & { readonly route: string }> {
  const route = `fallback-${pair.name}`;
  const nodes = [{ target: { deployment: pair.first, ...terms } }, { target: { deployment: pair.second } }];
  await mutate(client, PUBLISH_ROUTE, { slug: route, definition: { fallback: { nodes } } });
  return { ...pair, route };
}
