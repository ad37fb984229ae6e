import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { generateKey, parseKey } from '../../src/auth/key-format.js';
import { Secret } from '../../src/core/secret.js';
import { formatUsd } from '../../src/core/money.js';
import { actorOf, addOrganization, auditRows, dump, KNOWN, openReplica, openWorld, SANDBOX_URL, start, valueOf } from './world.js';
import type { World } from './world.js';
import { withRoom } from '../kit/room.js';

let world: World;

beforeEach(async () => {
  world = await openWorld();
});

afterEach(() => world.close());

const openai = (apiKey: string) => ({ preset: 'openai', apiKey: new Secret(apiKey), baseUrl: null });

async function serving(options = {}) {
  const { organizationId } = await start(world, options);
  const replica = await openReplica(world);
  return { ...replica, organizationId, snapshot: replica.catalogue.snapshot(organizationId) };
}

describe('the first start', () => {
  test('makes organization, catalogue, sandbox and one admin key, in under 3 s', async () => {
    const began = performance.now();
    const { organizationId, adminKey } = await start(world);
    expect(performance.now() - began).toBeLessThan(withRoom(3_000));
    const { catalogue, authenticator } = await openReplica(world);
    const snapshot = catalogue.snapshot(organizationId);
    expect(snapshot.organization.slug).toBe('default');
    expect(snapshot.models.bySlug.get('gpt-4o-mini')).toMatchObject({ vendor: 'openai', contextWindow: 128_000, maxOutputTokens: 16_384 });
    const principal = await authenticator.authenticate(adminKey?.reveal() ?? '');
    expect([...(principal?.permissions ?? [])]).toEqual(['ADMIN']);
  });

  test('the sandbox is priced, can do everything, and answers at this process’s address', async () => {
    const { snapshot } = await serving();
    const sandbox = snapshot.deployments.bySlug.get('sandbox.sandbox');
    expect(sandbox?.provider).toMatchObject({ baseUrl: SANDBOX_URL, enabled: true, allowPrivateNetwork: true });
    expect(sandbox?.model).toMatchObject({ contextWindow: 128_000, maxOutputTokens: 16_384 });
    expect(sandbox?.model.prices[0]?.source).toBe('sandbox');
    const rates = sandbox?.model.prices[0]?.tiers[0]?.rates.map((rate) => `${rate.component} ${formatUsd(rate.amount)}/${rate.per}`);
    expect(rates).toEqual(['INPUT 0.15/1000000', 'OUTPUT 0.6/1000000', 'IMAGE 0.01/1', 'SECOND 0.36/3600', 'CHARACTER 15/1000000']);
  });

  test('of three replicas at once one seeds and one prints a key', async () => {
    const starts = await Promise.all([start(world), start(world), start(world)]);
    expect(starts.filter(({ adminKey }) => adminKey !== null)).toHaveLength(1);
    expect(new Set(starts.map(({ organizationId }) => organizationId)).size).toBe(1);
    const [count] = await world.dataSource.query<{ models: string; slugs: string }[]>(
      'SELECT count(*) AS models, count(DISTINCT slug) AS slugs FROM model',
    );
    expect(count?.models).toBe(count?.slugs);
  });

  test('a start that fails leaves nothing, and the next one seeds', async () => {
    await expect(start(world, { adminKey: `gp_${'a'.repeat(39)}` })).rejects.toThrow('ADMIN_KEY');
    expect(await world.dataSource.query('SELECT 1 FROM organization')).toEqual([]);
    expect((await start(world)).adminKey).not.toBeNull();
  });

  test('later starts neither print a key nor change the catalogue', async () => {
    await start(world);
    const before = await dump(world);
    expect((await start(world)).adminKey).toBeNull();
    expect(await dump(world)).toBe(before);
  });

  test('K5 the admin key is stored nowhere in clear', async () => {
    const { adminKey, logger } = await start(world);
    const secret = adminKey?.reveal() ?? '';
    expect(parseKey(secret)).toBe(secret);
    expect(await dump(world)).not.toContain(secret);
    expect(JSON.stringify(logger.lines)).not.toContain(secret);
  });
});

describe('ADMIN_KEY', () => {
  test('works from the first start on, and none is printed', async () => {
    const key = generateKey(randomBytes);
    expect((await start(world, { adminKey: key })).adminKey).toBeNull();
    const { authenticator } = await openReplica(world);
    expect(await authenticator.authenticate(key)).not.toBeNull();
  });

  test('another one at a later start takes the place of the one before', async () => {
    const [old, next] = [generateKey(randomBytes), generateKey(randomBytes)];
    await start(world, { adminKey: old });
    await start(world, { adminKey: next });
    const { authenticator } = await openReplica(world);
    expect(await authenticator.authenticate(old)).toBeNull();
    expect(await authenticator.authenticate(next)).not.toBeNull();
    expect(await world.dataSource.query('SELECT 1 FROM api_key')).toHaveLength(1);
  });

  test('set after a printed one, both work', async () => {
    const { adminKey } = await start(world);
    const key = generateKey(randomBytes);
    await start(world, { adminKey: key });
    const { authenticator } = await openReplica(world);
    expect(await authenticator.authenticate(adminKey?.reveal() ?? '')).not.toBeNull();
    expect(await authenticator.authenticate(key)).not.toBeNull();
  });

  test('revoked, it comes back with the next start: the environment says so', async () => {
    const adminKey = generateKey(randomBytes);
    const { organizationId } = await start(world, { adminKey });
    const { access, authenticator } = await openReplica(world);
    const principal = await authenticator.authenticate(adminKey);
    valueOf(await access.revokeApiKey(actorOf(organizationId), principal?.apiKeyId ?? ''));
    expect(await authenticator.authenticate(adminKey)).toBeNull();
    await start(world, { adminKey });
    authenticator.invalidate();
    expect(await authenticator.authenticate(adminKey)).not.toBeNull();
  });
});

const GOOGLE = {
  ...{ kind: 'googleServiceAccount', clientEmail: 'gateway@acme.iam.gserviceaccount.com', privateKeyId: null, projectId: 'acme' },
  tokenUri: 'https://oauth2.googleapis.com/token',
} as const;

describe('keys of the environment', () => {
  test('one makes its provider, with at most ten models for completions as <provider>.<model>', async () => {
    const { snapshot } = await serving({ environmentProviders: [openai('sk-environment-0001')] });
    const provider = snapshot.providers.bySlug.get('openai');
    expect(provider?.credential?.apiKey?.reveal()).toBe('sk-environment-0001');
    expect(provider?.deployments.map(({ slug }) => slug)).toContain('openai.gpt-4o-mini');
    expect(provider?.deployments.filter(({ model }) => model.operations.includes('COMPLETION')).length).toBeLessThanOrEqual(10);
    expect(provider?.deployments.map(({ slug }) => slug)).toContain('openai.text-embedding-3-small');
    expect(snapshot.providers.bySlug.get('sandbox')?.enabled).toBe(false);
  });

  test('every preset that can be made so has usable models', async () => {
    const presets = KNOWN.presets.filter(({ environmentVariable }) => environmentVariable !== null);
    const account = new Secret({ ...GOOGLE, privateKey: 'a key' });
    const environmentProviders = presets.map(({ name, regionalUrl }) => ({
      ...{ preset: name, apiKey: new Secret(`sk-${name}-00000000`), baseUrl: null },
      ...(regionalUrl === undefined ? {} : { region: 'eu-west-1' }),
      ...(name === 'vertex' ? { account } : {}),
    }));
    const { snapshot } = await serving({ environmentProviders });
    for (const { name, models } of presets) {
      expect(snapshot.providers.bySlug.get(name)?.deployments).toHaveLength(models.length);
    }
  });

  test('an account of the environment signs, and is taken over where it has changed', async () => {
    const aws = (secretAccessKey: string) => [
      {
        ...{ preset: 'bedrock', apiKey: null, baseUrl: null, region: 'eu-central-1' },
        account: new Secret({ kind: 'aws', accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey, sessionToken: null } as const),
      },
    ];
    const { organizationId } = await start(world, { environmentProviders: aws('canary-0001') });
    await start(world, { environmentProviders: aws('canary-0001') });
    await start(world, { environmentProviders: aws('canary-0002') });
    const { catalogue } = await openReplica(world);
    const provider = catalogue.snapshot(organizationId).providers.bySlug.get('bedrock');
    expect(provider).toMatchObject({
      baseUrl: 'https://bedrock-runtime.eu-central-1.amazonaws.com',
      region: 'eu-central-1',
      deployments: [],
    });
    expect(provider?.credential?.account?.reveal()).toMatchObject({ kind: 'aws', secretAccessKey: 'canary-0002' });
    expect((await auditRows(world)).map(({ action }) => action)).toEqual(['seed', 'createProvider', 'refreshCredential']);
    expect(await dump(world)).not.toContain('canary');
  });

  test('a service account of the environment names the project in the address', async () => {
    const account = new Secret({ ...GOOGLE, privateKey: 'a key' });
    const { snapshot } = await serving({
      environmentProviders: [{ preset: 'vertex', apiKey: null, baseUrl: null, region: 'europe-west4', account }],
    });
    const provider = snapshot.providers.bySlug.get('vertex');
    expect(provider?.baseUrl).toContain('europe-west4-aiplatform.googleapis.com/v1/projects/acme/locations/europe-west4');
    expect(provider?.deployments.length).toBeGreaterThan(0);
  });

  test('a host’s own price is its deployment’s', async () => {
    const { snapshot } = await serving({
      environmentProviders: [{ preset: 'groq', apiKey: new Secret('gsk-00000000000'), baseUrl: null }],
    });
    const deployment = snapshot.deployments.bySlug.get('groq.llama-3.3-70b-versatile');
    expect(deployment?.prices[0]?.tiers[0]?.rates.length).toBeGreaterThan(0);
    expect(deployment?.model.prices).toEqual([]);
  });

  test('a new key at a later start is taken over, until a mutation sets the credential', async () => {
    const { organizationId } = await start(world, { environmentProviders: [openai('sk-environment-0001')] });
    await start(world, { environmentProviders: [openai('sk-environment-0002')] });
    const { catalogue, changes } = await openReplica(world);
    const credential = () => catalogue.snapshot(organizationId).providers.bySlug.get('openai')?.credential;
    expect(credential()?.apiKey?.reveal()).toBe('sk-environment-0002');
    const id = catalogue.snapshot(organizationId).providers.bySlug.get('openai')?.id ?? '';
    valueOf(await changes.updateProvider(actorOf(organizationId), { id, credential: { apiKey: 'sk-by-mutation-0003' } }));
    await start(world, { environmentProviders: [openai('sk-environment-0004')] });
    await catalogue.refresh();
    expect(credential()?.apiKey?.reveal()).toBe('sk-by-mutation-0003');
  });

  test('a deleted provider is not made again', async () => {
    const { organizationId } = await start(world, { environmentProviders: [openai('sk-environment-0001')] });
    const { catalogue, changes } = await openReplica(world);
    const provider = catalogue.snapshot(organizationId).providers.bySlug.get('openai');
    for (const { id } of provider?.deployments ?? []) valueOf(await changes.deleteDeployment(actorOf(organizationId), id));
    valueOf(await changes.deleteProvider(actorOf(organizationId), provider?.id ?? ''));
    await start(world, { environmentProviders: [openai('sk-environment-0001')] });
    await catalogue.refresh();
    expect(catalogue.snapshot(organizationId).providers.bySlug.has('openai')).toBe(false);
  });

  test('a model whose name is a route’s is left out, and the rest of its provider is made', async () => {
    const groq = { preset: 'groq', apiKey: new Secret('gsk-00000000000'), baseUrl: null };
    const { organizationId } = await start(world);
    const { catalogue, changes } = await openReplica(world);
    const slug = 'llama-3.3-70b-versatile';
    valueOf(await changes.publishRoute(actorOf(organizationId), { slug, definition: { target: { model: 'sandbox' } } }));
    const { logger } = await start(world, { environmentProviders: [groq] });
    await catalogue.refresh();
    const { models, routes, providers } = catalogue.snapshot(organizationId);
    expect([models.bySlug.has(slug), routes.bySlug.has(slug)]).toEqual([false, true]);
    expect(providers.bySlug.get('groq')?.deployments.map((one) => one.slug)).not.toContain(`groq.${slug}`);
    expect(providers.bySlug.get('groq')?.deployments.length).toBeGreaterThan(0);
    expect(logger.messages('warn')).toHaveLength(1);
  });

  test('one whose wire format is not built warns and is left out', async () => {
    const known = { ...KNOWN, wireFormats: new Set<never>() };
    const { organizationId, logger } = await start(world, { known, environmentProviders: [openai('sk-environment-0001')] });
    const { catalogue } = await openReplica(world);
    expect(logger.messages('warn')).toHaveLength(1);
    expect(catalogue.snapshot(organizationId).providers.bySlug.has('openai')).toBe(false);
  });

  test('K5 a vendor’s key is in no table, audit row or log', async () => {
    const canary = 'sk-canary-0123456789';
    const { logger } = await start(world, { environmentProviders: [openai(canary)] });
    await start(world, { environmentProviders: [openai(`${canary}-next`)] });
    expect(await dump(world)).not.toContain(canary);
    expect(JSON.stringify(logger.lines)).not.toContain(canary);
    expect((await auditRows(world)).map(({ action }) => action)).toEqual(['seed', 'createProvider', 'refreshCredential']);
  });
});

test('another organization has nothing of the seeded one', async () => {
  await start(world, { environmentProviders: [openai('sk-environment-0001')] });
  const other = await addOrganization(world);
  const { catalogue } = await openReplica(world);
  expect(catalogue.snapshot(other).models.byId.size).toBe(0);
  expect(catalogue.snapshot(other).providers.byId.size).toBe(0);
});
