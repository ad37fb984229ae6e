import { afterAll, describe, expect, test } from '@jest/globals';
import { generateKeyPairSync } from 'node:crypto';
import type { CreateProviderInput } from '../../src/catalog/contract.js';
import { BASE, openDesk } from './desk.js';
import { dump, errorOf, pathsOf, valueOf } from './world.js';

const { privateKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  publicKeyEncoding: { type: 'spki', format: 'pem' },
});
/** As the vendor's console makes it. */
const KEY_FILE = {
  type: 'service_account',
  project_id: 'acme',
  private_key_id: 'a1b2c3d3f4',
  private_key: privateKey,
  client_email: 'gate@acme.iam.gserviceaccount.com',
  token_uri: 'https://oauth2.googleapis.com/token',
};

const desk = await openDesk();
const { admin, changes, createProvider, model, provider, slug, snapshot, world } = desk;

afterAll(() => desk.world.close());

describe('createProvider', () => {
  test('is in force when it returns, the credential sealed', async () => {
    const input = { name: 'Mine', region: 'eu', headers: { 'X-Team': 'a' }, credential: { apiKey: 'sk-0123456789abcdef' } };
    const created = await provider(input);
    expect(created).toMatchObject({
      ...BASE,
      name: 'Mine',
      region: 'eu',
      headers: { 'x-team': 'a' },
      preset: null,
      enabled: true,
      deployments: [],
    });
    expect(created.credential).toMatchObject({ lastFour: 'cdef' });
    expect(created.credential?.apiKey?.reveal()).toBe('sk-0123456789abcdef');
    expect(snapshot().providers.bySlug.get(created.slug)).toBe(created);
  });

  test('a preset fills in what is not said', async () => {
    const filled = valueOf(await changes.createProvider(admin, { slug: slug('groq'), preset: 'groq' }));
    expect(filled).toMatchObject({ preset: 'groq', name: 'Groq', wireFormat: 'OPENAI_CHAT', baseUrl: 'https://api.groq.com/openai/v1' });
    const own = valueOf(await changes.createProvider(admin, { slug: slug('groq'), preset: 'groq', baseUrl: 'https://proxy.test/v1/' }));
    expect(own.baseUrl).toBe('https://proxy.test/v1');
  });

  test('an account is sealed and opened like a key, and shows the end of its key’s id', async () => {
    const aws = { accessKeyId: 'AKIDEXAMPLE00042', secretAccessKey: 'canary-secret-access-key', sessionToken: 'canary-session-token' };
    const created = await provider({ credential: { aws } });
    expect(created.credential).toMatchObject({ apiKey: null, lastFour: '0042' });
    expect(created.credential?.account?.reveal()).toEqual({ kind: 'aws', ...aws });
    const changed = valueOf(await changes.updateProvider(admin, { id: created.id, credential: { googleServiceAccount: KEY_FILE } }));
    expect(changed.credential).toMatchObject({ apiKey: null, lastFour: 'd3f4' });
    expect(changed.credential?.account?.reveal()).toEqual({
      kind: 'googleServiceAccount',
      clientEmail: 'gate@acme.iam.gserviceaccount.com',
      privateKey,
      privateKeyId: 'a1b2c3d3f4',
      tokenUri: 'https://oauth2.googleapis.com/token',
      projectId: 'acme',
    });
    expect(await dump(world)).not.toMatch(/canary|PRIVATE KEY/);
  });

  test.each([
    ['bedrock', 'eu-central-1', {}, 'https://bedrock-runtime.eu-central-1.amazonaws.com'],
    [
      'vertex',
      'europe-west4',
      { credential: { googleServiceAccount: KEY_FILE } },
      'https://europe-west4-aiplatform.googleapis.com/v1/projects/acme/locations/europe-west4/publishers/google',
    ],
    [
      'vertex',
      'global',
      { credential: { googleServiceAccount: KEY_FILE } },
      'https://aiplatform.googleapis.com/v1/projects/acme/locations/global/publishers/google',
    ],
  ])('the preset %s finds its address in the region %s', async (preset, region, more, baseUrl) => {
    expect(valueOf(await changes.createProvider(admin, { slug: slug(preset), preset, region, ...more }))).toMatchObject({
      preset,
      region,
      baseUrl,
    });
  });

  test.each<[string, Partial<CreateProviderInput>, string[]]>([
    ['no region', { preset: 'bedrock' }, ['baseUrl']],
    ['a region that leads elsewhere', { preset: 'bedrock', region: 'evil.test/' }, ['baseUrl']],
    ['no project', { preset: 'vertex', region: 'europe-west4' }, ['baseUrl']],
    ['two forms', { credential: { apiKey: 'sk', googleServiceAccount: KEY_FILE } }, ['credential']],
    [
      'an access key that is none',
      { credential: { aws: { accessKeyId: 'short', secretAccessKey: 'a b' } } },
      ['credential.aws.accessKeyId', 'credential.aws.secretAccessKey'],
    ],
    ['no key file', { credential: { googleServiceAccount: 'text' } }, ['credential.googleServiceAccount']],
    [
      'a key file of another kind, without a key',
      { credential: { googleServiceAccount: { type: 'authorized_user', client_email: 'a@b.test' } } },
      ['credential.googleServiceAccount.private_key', 'credential.googleServiceAccount.type'],
    ],
    [
      'a key that is no RSA key',
      { credential: { googleServiceAccount: { ...KEY_FILE, private_key: 'PEM' } } },
      ['credential.googleServiceAccount.private_key'],
    ],
    [
      'K3 a token address in a private network',
      { credential: { googleServiceAccount: { ...KEY_FILE, token_uri: 'http://127.0.0.1:1/token' } } },
      ['credential.googleServiceAccount.token_uri'],
    ],
  ])('refuses %s by path', async (_name, input, paths) => {
    const place = input.preset === undefined ? BASE : {};
    expect(pathsOf(await changes.createProvider(admin, { slug: slug('provider'), ...place, ...input }))).toEqual(paths);
  });

  test('a short credential shows nothing of itself', async () => {
    expect((await provider({ credential: { apiKey: 'short' } })).credential?.lastFour).toBe('');
  });

  test.each<[string, Partial<CreateProviderInput>, string[]]>([
    ['a slug with a slash', { slug: 'a/b' }, ['slug']],
    ['a slug of 64', { slug: 'a'.repeat(64) }, ['slug']],
    ['an empty name', { name: '' }, ['name']],
    ['an unknown preset', { preset: 'nope' }, ['preset']],
    ['neither preset nor place', { wireFormat: null, baseUrl: null }, ['wireFormat', 'baseUrl']],
    ['a preset without an address', { preset: 'azure-openai', baseUrl: null }, ['baseUrl']],
    ['no URL', { baseUrl: 'upstream' }, ['baseUrl']],
    ['a relative URL', { baseUrl: '/v1' }, ['baseUrl']],
    ['a file', { baseUrl: 'file:///etc/passwd' }, ['baseUrl']],
    ['ftp', { baseUrl: 'ftp://upstream.test' }, ['baseUrl']],
    ['script', { baseUrl: 'javascript:alert(1)' }, ['baseUrl']],
    ['the sandbox’s marker', { baseUrl: 'sandbox:' }, ['baseUrl']],
    ['a user in it', { baseUrl: 'https://user:pass@upstream.test/v1' }, ['baseUrl']],
    ['a query', { baseUrl: 'https://upstream.test/v1?key=1' }, ['baseUrl']],
    ['an empty query', { baseUrl: 'https://upstream.test/v1?' }, ['baseUrl']],
    ['a fragment', { baseUrl: 'https://upstream.test/v1#a' }, ['baseUrl']],
    ['K3 a private address', { baseUrl: 'http://127.0.0.1:1/v1' }, ['baseUrl']],
    ['headers as a list', { headers: ['a'] }, ['headers']],
    ['headers as text', { headers: 'a: b' }, ['headers']],
    ['a number as a header', { headers: { 'x-a': 1 } }, ['headers.x-a']],
    ['a line break in a header', { headers: { 'x-a': 'a\r\nhost: b' } }, ['headers.x-a']],
    ['a header name that is none', { headers: { 'x a': 'b' } }, ['headers']],
    [
      'authorization',
      { headers: { Authorization: 'Bearer x', host: 'y', 'content-length': '1' } },
      ['headers.Authorization', 'headers.host', 'headers.content-length'],
    ],
    ['one header in two cases', { headers: { 'x-a': '1', 'X-A': '2' } }, ['headers.X-A']],
    ['an empty credential', { credential: {} }, ['credential']],
    ['a credential with a line break', { credential: { apiKey: 'sk\n' } }, ['credential.apiKey']],
    ['a blank credential', { credential: { apiKey: '' } }, ['credential.apiKey']],
    ['a long region', { region: 'r'.repeat(64) }, ['region']],
    ['a NUL', { name: 'a\0', region: '\0' }, ['name', 'region']],
  ])('refuses %s by path, and leaves nothing', async (_name, input, paths) => {
    const refuse = async () => {
      expect(pathsOf(await createProvider(input))).toEqual(paths);
    };
    expect(await desk.leavesNothing(refuse)).toBe(true);
  });

  test('a private address is fine where that is said', async () => {
    expect((await provider({ baseUrl: 'http://127.0.0.1:1/v1', allowPrivateNetwork: true })).allowPrivateNetwork).toBe(true);
  });

  test('a taken slug is a conflict, also for two at once; a deleted one is free again', async () => {
    const input = { ...BASE, slug: slug('taken') };
    const results = await Promise.all([1, 2].map(() => changes.createProvider(admin, input)));
    const [lost] = results.filter((result) => !result.ok);
    expect(lost && errorOf(lost)).toMatchObject({ code: 'CONFLICT', field: 'slug' });
    const [won] = results.flatMap((result) => (result.ok ? [result.value] : []));
    valueOf(await changes.deleteProvider(admin, won?.id ?? ''));
    expect((await provider(input)).id).not.toBe(won?.id);
  });
});

describe('updateProvider', () => {
  test('leaves what is absent', async () => {
    const before = await provider({ name: 'Name', region: 'eu', headers: { 'x-a': '1' }, credential: { apiKey: 'sk-0123456789abcdef' } });
    const { credential, ...rest } = valueOf(await changes.updateProvider(admin, { id: before.id }));
    expect(rest).toEqual({ ...rest, name: 'Name', region: 'eu', headers: { 'x-a': '1' }, baseUrl: before.baseUrl, enabled: true });
    expect(credential?.apiKey?.reveal()).toBe('sk-0123456789abcdef');
  });

  test('changes what is there', async () => {
    const { id } = await provider({ credential: { apiKey: 'sk-0123456789abcdef' } });
    const input = { name: 'New', baseUrl: 'https://new.test/v2/', region: 'us', headers: { 'x-b': '2' }, enabled: false };
    const after = valueOf(await changes.updateProvider(admin, { id, ...input, credential: { apiKey: 'sk-next-456789wxyz' } }));
    expect(after).toMatchObject({ ...input, baseUrl: 'https://new.test/v2', credential: { lastFour: 'wxyz' } });
    expect(after.credential?.apiKey?.reveal()).toBe('sk-next-456789wxyz');
  });

  test('K3 a stored credential goes to no other address than it was given for', async () => {
    const { id } = await provider({ baseUrl: 'https://one.test/v1', credential: { apiKey: 'sk-0123456789abcdef' } });
    for (const baseUrl of ['https://two.test/v1', 'http://one.test/v1', 'https://one.test:8443/v1'])
      expect(pathsOf(await changes.updateProvider(admin, { id, baseUrl }))).toEqual(['credential']);
    const samePlace = valueOf(await changes.updateProvider(admin, { id, baseUrl: 'https://one.test/v2' }));
    expect(samePlace.credential?.apiKey?.reveal()).toBe('sk-0123456789abcdef');
    const moved = valueOf(
      await changes.updateProvider(admin, { id, baseUrl: 'https://two.test', credential: { apiKey: 'sk-next-456789wxyz' } }),
    );
    expect(moved.credential?.apiKey?.reveal()).toBe('sk-next-456789wxyz');
    const bare = valueOf(await changes.updateProvider(admin, { id, baseUrl: 'https://three.test', credential: null }));
    expect(bare).toMatchObject({ baseUrl: 'https://three.test', credential: null });
  });

  test('null clears region, headers and credential', async () => {
    const { id } = await provider({ region: 'eu', headers: { 'x-a': '1' }, credential: { apiKey: 'sk-0123456789abcdef' } });
    const after = valueOf(await changes.updateProvider(admin, { id, region: null, headers: null, credential: null }));
    expect(after).toMatchObject({ region: null, headers: {}, credential: null });
  });

  test('refuses each wrong field by path', async () => {
    const { id } = await provider();
    const input = { name: '', baseUrl: 'https://u:p@upstream.test', region: '', headers: [], credential: {} };
    expect(pathsOf(await changes.updateProvider(admin, { id, ...input }))).toEqual(['name', 'baseUrl', 'region', 'credential', 'headers']);
    expect(pathsOf(await changes.updateProvider(admin, { id, name: null, baseUrl: null, enabled: null }))).toEqual([
      'enabled',
      'name',
      'baseUrl',
    ]);
  });

  test('K3 private addresses can not be forbidden to one that uses one', async () => {
    const { id } = await provider({ baseUrl: 'http://127.0.0.1:1/v1', allowPrivateNetwork: true });
    expect(pathsOf(await changes.updateProvider(admin, { id, allowPrivateNetwork: false }))).toEqual(['baseUrl']);
    expect(
      valueOf(await changes.updateProvider(admin, { id, allowPrivateNetwork: false, baseUrl: 'https://a.test' })).allowPrivateNetwork,
    ).toBe(false);
  });

  test('the sandbox can be renamed and switched off, and keeps its marker', async () => {
    const id = snapshot().providers.bySlug.get('sandbox')?.id ?? '';
    valueOf(await changes.updateProvider(admin, { id, name: 'Play', enabled: false, allowPrivateNetwork: false }));
    const [row] = await world.dataSource.query<unknown[]>(`SELECT name, base_url FROM provider WHERE slug = 'sandbox'`);
    expect(row).toEqual({ name: 'Play', base_url: 'sandbox:' });
  });
});

describe('deleteProvider', () => {
  test('with deployments it is a conflict; without, it stays findable by id, its secret gone', async () => {
    const { id, slug: name } = await provider({ credential: { apiKey: 'sk-0123456789abcdef' } });
    const { slug: modelSlug } = await model();
    const on = valueOf(await changes.createDeployment(admin, { provider: name, model: modelSlug }));
    expect(errorOf(await changes.deleteProvider(admin, id)).code).toBe('CONFLICT');
    valueOf(await changes.deleteDeployment(admin, on.id));
    expect(valueOf(await changes.deleteProvider(admin, id))).toEqual({ deletedId: id });
    expect(snapshot().providers.byId.get(id)).toMatchObject({ slug: name, deleted: true, credential: null });
    expect(snapshot().deployments.byId.get(on.id)?.provider.id).toBe(id);
    expect(errorOf(await changes.deleteProvider(admin, id)).code).toBe('NOT_FOUND');
    expect(errorOf(await changes.updateProvider(admin, { id, name: 'x' })).code).toBe('NOT_FOUND');
  });
});
