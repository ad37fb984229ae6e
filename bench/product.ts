import { readFileSync } from 'node:fs';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { request } from 'undici';
import { startChild, urlOf } from './child.js';
import type { Child } from './child.js';

export const MODEL = 'bench';

export interface Product extends Child {
  readonly url: string;
  readonly key: string;
}

const ENTRY = fileURLToPath(new URL('../dist/src/main.js', import.meta.url));

/** Node's options as `npm start` gives them: what is measured is what is run. */
function startOptions(): readonly string[] {
  const { scripts } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { scripts: { start: string } };
  const options = /exec node ((?:--\S+ )*)dist\/src\/main\.js/.exec(scripts.start)?.[1];
  if (options === undefined) throw new Error('`npm start` does not run node as the bench expects');
  return options.split(' ').filter((option) => option !== '');
}

/** The built product with a database of its own, its only model served by this upstream. `nodeOptions`: such as --cpu-prof. */
export async function startProduct(upstreamUrl: string, nodeOptions: readonly string[]): Promise<Product> {
  const dataDir = await mkdtemp(join(tmpdir(), 'glidepath-bench-'));
  // The embedded Postgres runs as another user where we are root.
  await chmod(dataDir, 0o711);
  const child = await startChild([...startOptions(), ...nodeOptions, ENTRY, '--json'], {
    DATA_DIR: dataDir,
    NODE_ENV: 'production',
    DATABASE_URL: '',
    PORT: '0',
    SANDBOX: 'off',
    LOG_LEVEL: 'warn',
    SHUTDOWN_GRACE_MS: '2000',
  });
  const stop = async (): Promise<void> => {
    await child.stop();
    await rm(dataDir, { recursive: true, force: true });
  };
  try {
    const { adminKey } = child.ready;
    if (typeof adminKey !== 'string') throw new Error('the product did not give its admin key');
    const product = { pid: child.pid, ready: child.ready, url: urlOf(child), key: adminKey, stop };
    await serve(product, upstreamUrl);
    return product;
  } catch (error) {
    await stop();
    throw error;
  }
}

async function serve(product: Product, upstreamUrl: string): Promise<void> {
  await mutate(product, 'createProvider', {
    slug: 'bench',
    wireFormat: 'OPENAI_CHAT',
    baseUrl: `${upstreamUrl}/v1`,
    credential: { apiKey: 'sk-bench' },
    allowPrivateNetwork: true,
  });
  const rates = [
    { component: 'INPUT', amount: '0.15' },
    { component: 'OUTPUT', amount: '0.60' },
  ];
  await mutate(product, 'createModel', { slug: MODEL, vendor: 'bench', capabilities: ['STREAMING'], price: { tiers: [{ rates }] } });
  await mutate(product, 'createDeployment', { provider: 'bench', model: MODEL });
}

/** The secret of a new key. */
export async function createKey(product: Product): Promise<string> {
  const { secret } = await mutate(
    product,
    'createApiKey',
    { name: 'bench', permissions: ['USAGE_READ'] },
    '... on CreatedApiKey { secret }',
  );
  if (secret === undefined) throw new Error('a key came without its secret');
  return secret;
}

type Mutation = 'createApiKey' | 'createProvider' | 'createModel' | 'createDeployment';

interface Result {
  readonly code?: string;
  readonly secret?: string;
}

async function mutate({ url, key }: Product, name: Mutation, input: object, fields = ''): Promise<Result> {
  const type = `C${name.slice(1)}Input`;
  const query = `mutation ($input: ${type}!) { ${name}(input: $input) { __typename ${fields} ... on UserError { code message } } }`;
  const response = await request(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
    body: JSON.stringify({ query, variables: { input } }),
  });
  const answer = (await response.body.json()) as { data?: Record<string, Result | null> };
  const result = answer.data?.[name];
  if (!result || result.code !== undefined) throw new Error(`${name} was refused: ${JSON.stringify(answer)}`);
  return result;
}
