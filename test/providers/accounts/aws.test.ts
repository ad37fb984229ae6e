import { describe, expect, test } from '@jest/globals';
import { createHash, createHmac } from 'node:crypto';
import { regionOfHost, signAws } from '../../../src/providers/accounts/aws.js';

const SECRET = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY';
const ACCOUNT = { kind: 'aws', accessKeyId: 'AKIDEXAMPLE000000', secretAccessKey: SECRET, sessionToken: null } as const;
const AT = new Date('2026-11-22T03:04:05.678Z');

const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest();
const hash = (text: string) => createHash('sha256').update(text).digest('hex');

/** The key derivation of the vendor's specification, step by step. */
function signingKey(secret: string, scope: { date: string; region: string; service: string }): Buffer {
  const { date, region, service } = scope;
  return [region, service, 'aws4_request'].reduce<Buffer>((key, step) => hmac(key, step), hmac(`AWS4${secret}`, date));
}

/** What the vendor computes on its side: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html */
function signatureOf(given: {
  path: string;
  query?: string;
  headers: Readonly<Record<string, string>>;
  body: string;
  region: string;
}): string {
  const signed = Object.keys(given.headers).sort();
  const canonical = [
    'POST',
    given.path.split('/').map(encodeURIComponent).join('/'),
    given.query ?? '',
    ...signed.map((name) => `${name}:${given.headers[name] ?? ''}`),
    '',
    signed.join(';'),
    hash(given.body),
  ].join('\n');
  const scope = `20261122/${given.region}/bedrock/aws4_request`;
  const text = ['AWS4-HMAC-SHA256', '20261122T030405Z', scope, hash(canonical)].join('\n');
  return hmac(signingKey(SECRET, { date: '20261122', region: given.region, service: 'bedrock' }), text).toString('hex');
}

test('our own check derives the key that the vendor’s documentation shows', () => {
  const key = signingKey(SECRET, { date: '20150830', region: 'us-east-1', service: 'iam' });
  expect(key.toString('hex')).toBe('c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9');
});

describe('a signed request', () => {
  const baseUrl = 'https://bedrock-runtime.eu-central-1.amazonaws.com';
  const path = '/model/anthropic.claude-sonnet-4-5-20250929-v1%3A0/converse';
  const body = '{"messages":[{"role":"user","content":[{"text":"안녕 🌍"}]}]}';
  const signing = { account: ACCOUNT, region: 'eu-central-1', service: 'bedrock', at: AT };
  const sign = (changes: object = {}, given: Partial<typeof signing> = {}) =>
    signAws({ baseUrl, path, headers: { 'content-type': 'application/json' }, body, ...changes }, { ...signing, ...given });
  const own = { 'content-type': 'application/json', host: 'bedrock-runtime.eu-central-1.amazonaws.com' };

  test('carries the signature that the vendor computes, with the path encoded twice', async () => {
    const headers = await sign();
    const { authorization = '', ...rest } = headers;
    const signed = { ...own, ...Object.fromEntries(Object.entries(rest).filter(([name]) => name.startsWith('x-amz-'))) };
    expect(rest).toMatchObject({ 'x-amz-date': '20261122T030405Z', 'x-amz-content-sha256': hash(body) });
    expect(headers).not.toHaveProperty('host');
    expect(authorization).toBe(
      `AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE000000/20261122/eu-central-1/bedrock/aws4_request, SignedHeaders=${Object.keys(signed).sort().join(';')}, Signature=${signatureOf({ path, headers: signed, body, region: 'eu-central-1' })}`,
    );
  });

  test('the token of temporary keys is sent and signed', async () => {
    const headers = await sign({}, { account: { ...ACCOUNT, sessionToken: 'token-1' } as never });
    expect(headers['x-amz-security-token']).toBe('token-1');
    expect(headers['authorization']).toContain('x-amz-security-token');
  });

  test('another body, region or instant is another signature', async () => {
    const signatures = await Promise.all([sign(), sign({ body: '{}' }), sign({}, { region: 'us-east-1' }), sign({}, { at: new Date(0) })]);
    expect(new Set(signatures.map(({ authorization }) => authorization)).size).toBe(4);
    expect(await sign()).toEqual(await sign());
  });
});

test.each([
  ['https://bedrock-runtime.us-east-1.amazonaws.com', 'us-east-1'],
  ['https://bedrock-runtime-fips.us-gov-west-1.amazonaws.com', 'us-gov-west-1'],
  ['https://bedrock-runtime.cn-north-1.amazonaws.com.cn', 'cn-north-1'],
  ['https://proxy.example.com/bedrock', null],
  ['nonsense', null],
])('the region of %s is %s', (url, region) => {
  expect(regionOfHost(url)).toBe(region);
});
