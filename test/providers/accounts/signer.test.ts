import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createPublicKey, createVerify, generateKeyPairSync } from 'node:crypto';
import type { CloudAccount } from '../../../src/core/cloud-account.js';
import { Secret } from '../../../src/core/secret.js';
import { WIRE_FORMAT_ADAPTERS } from '../../../src/providers/adapters.js';
import { createUpstreamCaller } from '../../../src/providers/caller.js';
import type { ChatCallOptions, UpstreamCaller } from '../../../src/providers/contract.js';
import { createManualClock } from '../../kit/manual-clock.js';
import type { ManualClock } from '../../kit/manual-clock.js';
import { startScriptedUpstream } from '../../kit/scripted-upstream.js';
import type { ScriptedUpstream, UpstreamHandler } from '../../kit/scripted-upstream.js';
import { embedding } from '../operations-support.js';
import { callOptions, makeCall, makeTarget } from '../support.js';

const { privateKey, publicKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  publicKeyEncoding: { type: 'spki', format: 'pem' },
});
const GEMINI_BODY = { candidates: [{ content: { parts: [{ text: 'Hi' }] }, finishReason: 'STOP' }] };
const CONVERSE_BODY = {
  output: { message: { role: 'assistant', content: [{ text: 'Hi' }] } },
  stopReason: 'end_turn',
  usage: { inputTokens: 1, outputTokens: 1, totalTokens: 2 },
};

let upstream: ScriptedUpstream;
let tokens: ScriptedUpstream;
let clock: ManualClock;
let caller: UpstreamCaller;

beforeEach(async () => {
  upstream = await startScriptedUpstream();
  tokens = await startScriptedUpstream();
  clock = createManualClock();
  caller = createUpstreamCaller({ clock, adapters: WIRE_FORMAT_ADAPTERS });
});

afterEach(async () => {
  await caller.close();
  await upstream.close();
  await tokens.close();
});

describe('Vertex AI, by a service account', () => {
  const account = (): Secret<CloudAccount> =>
    new Secret({
      kind: 'googleServiceAccount',
      clientEmail: 'gate@p.iam.gserviceaccount.com',
      privateKey,
      privateKeyId: 'key-1',
      tokenUri: `${tokens.url}/token`,
      projectId: 'p',
    });
  const place = '/v1/projects/p/locations/europe-west4/publishers/google';
  const target = () =>
    makeTarget({
      wireFormat: 'GEMINI',
      preset: 'vertex',
      baseUrl: upstream.url + place,
      upstreamModel: 'gemini-3.5-flash',
      account: account(),
    });
  const chat = (options: Partial<ChatCallOptions> = {}) => caller.chat(makeCall(), target(), callOptions({ stream: false, ...options }));
  let given = 0;
  const giveToken: UpstreamHandler = ({ json }) =>
    json(200, { access_token: `token-${String((given += 1))}`, expires_in: 3_600, token_type: 'Bearer' });

  beforeEach(() => {
    given = 0;
    tokens.respond(giveToken);
    upstream.respond(({ json }) => json(200, GEMINI_BODY));
  });

  test('other operations go there with the same token', async () => {
    await chat();
    upstream.respond(({ json }) => json(200, { predictions: [{ embeddings: { values: [1], statistics: { token_count: 1 } } }] }));
    const asked = { ...target(), upstreamModel: 'gemini-embedding-001' };
    expect(await caller.ask(embedding({ texts: ['Hi'] }), asked, callOptions({ stream: false }))).toMatchObject({ status: 'succeeded' });
    expect(upstream.requests.at(-1)).toMatchObject({
      path: `${place}/models/gemini-embedding-001:predict`,
      headers: { authorization: 'Bearer token-1' },
    });
    expect(tokens.requests).toHaveLength(1);
  });

  test('the call goes to its project and location with a token, got for a statement that the account’s key signs', async () => {
    expect(await chat()).toMatchObject({ status: 'succeeded', answer: { finishReason: 'STOP' } });
    const request = await upstream.nextRequest();
    expect(request.path).toBe(`${place}/models/gemini-3.5-flash:generateContent`);
    expect(request.headers).toMatchObject({ authorization: 'Bearer token-1' });
    expect(request.headers).not.toHaveProperty('x-goog-api-key');
    const asked = await tokens.nextRequest();
    const form = new URLSearchParams(asked.body);
    expect(asked.path).toBe('/token');
    expect(form.get('grant_type')).toBe('urn:ietf:params:oauth:grant-type:jwt-bearer');
    const [header = '', claims = '', signature = ''] = (form.get('assertion') ?? '').split('.');
    const decode = (part: string) => JSON.parse(Buffer.from(part, 'base64url').toString('utf8')) as unknown;
    const now = Math.floor(clock.now().getTime() / 1_000);
    expect(decode(header)).toEqual({ alg: 'RS256', typ: 'JWT', kid: 'key-1' });
    expect(decode(claims)).toEqual({
      iss: 'gate@p.iam.gserviceaccount.com',
      scope: 'https://www.googleapis.com/auth/cloud-platform',
      aud: `${tokens.url}/token`,
      iat: now,
      exp: now + 3_600,
    });
    const verify = createVerify('RSA-SHA256').update(`${header}.${claims}`);
    expect(verify.verify(createPublicKey(publicKey), signature, 'base64url')).toBe(true);
  });

  test('one token serves many calls, also at once; near its end it is renewed without anybody waiting', async () => {
    await Promise.all([chat(), chat(), chat()]);
    expect(tokens.requests).toHaveLength(1);
    await clock.advance(3_590_000 - 300_000);
    await chat();
    expect(tokens.requests).toHaveLength(1);
    await clock.advance(20_000);
    await chat();
    await tokens.nextRequest();
    await tokens.nextRequest();
    expect(upstream.requests.at(-1)?.headers['authorization']).toBe('Bearer token-1');
  });

  test('after its end nobody uses it', async () => {
    await chat();
    await clock.advance(3_601_000);
    await chat();
    expect(upstream.requests.map(({ headers }) => headers['authorization'])).toEqual(['Bearer token-1', 'Bearer token-2']);
  });

  test('a token that the vendor refuses is not used again', async () => {
    upstream.respondOnce(({ json }) => json(401, { error: { code: 401, status: 'UNAUTHENTICATED', message: 'Token revoked.' } }));
    expect((await chat()).failure).toMatchObject({ class: 'AUTH' });
    expect(await chat()).toMatchObject({ status: 'succeeded' });
    expect(upstream.requests.at(-1)?.headers['authorization']).toBe('Bearer token-2');
  });

  test.each([
    [400, { error: 'invalid_grant', error_description: 'Invalid JWT Signature.' }, 'AUTH'],
    [503, { error: 'unavailable' }, 'OVERLOADED'],
    [200, { nothing: true }, 'BAD_RESPONSE'],
  ] as const)(
    'K4 no token because of %i %j: the call fails as %s3, before anything is sent to the model',
    async (status, body, failureClass) => {
      tokens.respond(({ json }) => json(status, body));
      const outcome = await chat();
      expect(outcome).toMatchObject({ status: 'failed', accepted: false, failure: { class: failureClass } });
      expect(JSON.stringify(outcome)).not.toMatch(/PRIVATE KEY|eyJ/);
      expect(upstream.requests).toHaveLength(0);
    },
  );

  test('S25 who leaves while the token is awaited waits for nothing', async () => {
    const controller = new AbortController();
    tokens.respond(({ stall }) => stall());
    const outcome = chat({ signal: controller.signal });
    await tokens.nextRequest();
    controller.abort();
    expect(await outcome).toMatchObject({ status: 'cancelled' });
  });

  test('K3 the token’s address is under the provider’s own rule for private networks', async () => {
    const outcome = await caller.chat(makeCall(), { ...target(), allowPrivateNetwork: false }, callOptions({ stream: false }));
    expect(outcome).toMatchObject({ status: 'failed', accepted: false });
    expect(tokens.requests).toHaveLength(0);
  });
});

describe('Bedrock, by keys of an account', () => {
  const account = new Secret<CloudAccount>({
    kind: 'aws',
    accessKeyId: 'AKIDEXAMPLE000000',
    secretAccessKey: 'canary-secret-access-key',
    sessionToken: 'canary-session-token',
  });
  const target = (region: string | null = 'eu-central-1') =>
    makeTarget({ wireFormat: 'BEDROCK_CONVERSE', baseUrl: upstream.url, upstreamModel: 'amazon.nova-pro-v1:0', account, region });

  test('calls are signed for the region, over the body as it is sent', async () => {
    upstream.respond(({ json }) => json(200, CONVERSE_BODY));
    expect(await caller.chat(makeCall(), target(), callOptions({ stream: false }))).toMatchObject({ status: 'succeeded' });
    const { headers, path } = await upstream.nextRequest();
    expect(path).toBe('/model/amazon.nova-pro-v1%3A0/converse');
    expect(headers['authorization']).toMatch(
      /^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE000000\/\d{8}\/eu-central-1\/bedrock\/aws4_request, SignedHeaders=content-type;host;x-amz-content-sha256;x-amz-date;x-amz-security-token, Signature=[0-9a-f]{64}$/,
    );
    expect(headers).toMatchObject({ 'x-amz-security-token': 'canary-session-token' });
  });

  test('without a region nothing can be signed', async () => {
    expect(await caller.chat(makeCall(), target(null), callOptions())).toMatchObject({
      accepted: false,
      failure: { class: 'TARGET_NOT_FOUND' },
    });
  });

  test('K4 a failure tells nothing of the keys', async () => {
    upstream.respond(({ json }) => json(403, { message: 'The token canary-session-token of canary-secret-access-key is expired' }));
    const { failure } = await caller.chat(makeCall(), target(), callOptions());
    expect(failure).toMatchObject({ class: 'AUTH' });
    expect(JSON.stringify(failure)).not.toContain('canary');
  });
});
