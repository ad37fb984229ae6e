import { createHash, createSign } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Clock } from '../../core/clock.js';
import type { Failure } from '../../core/failures.js';
import type { ServiceAccount } from '../../core/service-account.js';
import type { HttpClient } from '../client.js';
import type { UpstreamError } from '../contract.js';
import { runExchange } from '../exchange.js';
import { classifyStatus, plainFailure, retryAfterMs } from '../failures.js';
import { numberOf, objectOf, parseJson, textOf } from '../json-read.js';

/**
 * Access tokens of service accounts (https://developers.google.com/identity/protocols/oauth2/service-account#httprest):
 * 1. A statement that the account's own key signs (RFC 7523) is exchanged for a token, which holds for about an hour.
 * 2. A token is kept, and renewed in the background once little of its time is left; callers wait only where there is none.
 * 3. One exchange at a time for each account.
 */
export interface GoogleTokens {
  tokenOf(account: ServiceAccount, rules: { readonly allowPrivateNetwork: boolean }): Promise<string | Failure>;
  /** The vendor no longer takes it. */
  forget(account: ServiceAccount): void;
}

const SCOPE = 'https://www.googleapis.com/auth/cloud-platform';
const GRANT = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
const STATEMENT_SECONDS = 3_600;
const RENEWED_BEFORE_MS = 300_000;
/** Where the answer does not say how long its token holds. */
const SHORTEST_LIFE_SECONDS = 60;
const EXCHANGE_MS = 15_000;
const MOST_ACCOUNTS = 1_000;

interface Held {
  token: string | null;
  untilMs: number;
  renewal: Promise<string | Failure> | null;
}

export function createGoogleTokens({ client, clock }: { readonly client: HttpClient; readonly clock: Clock }): GoogleTokens {
  const held = new LRUCache<string, Held>({ max: MOST_ACCOUNTS });
  const entryOf = (account: ServiceAccount): Held => {
    const key = keyOf(account);
    const entry = held.get(key) ?? { token: null, untilMs: 0, renewal: null };
    held.set(key, entry);
    return entry;
  };
  const renew = async (entry: Held, account: ServiceAccount, allowPrivateNetwork: boolean): Promise<string | Failure> => {
    const given = await exchange({ client, clock }, account, allowPrivateNetwork);
    entry.renewal = null;
    if ('class' in given) return given;
    entry.token = given.token;
    entry.untilMs = clock.monotonicMs() + given.lifeMs;
    return given.token;
  };
  return {
    tokenOf: (account, { allowPrivateNetwork }) => {
      const entry = entryOf(account);
      const leftMs = entry.untilMs - clock.monotonicMs();
      if (entry.token !== null && leftMs > RENEWED_BEFORE_MS) return Promise.resolve(entry.token);
      entry.renewal ??= renew(entry, account, allowPrivateNetwork);
      return entry.token !== null && leftMs > 0 ? Promise.resolve(entry.token) : entry.renewal;
    },
    forget: (account) => {
      held.delete(keyOf(account));
    },
  };
}

function keyOf({ clientEmail, privateKey, tokenUri }: ServiceAccount): string {
  return createHash('sha256')
    .update(JSON.stringify([clientEmail, tokenUri, privateKey]))
    .digest('base64');
}

async function exchange(
  deps: { readonly client: HttpClient; readonly clock: Clock },
  account: ServiceAccount,
  allowPrivateNetwork: boolean,
): Promise<{ readonly token: string; readonly lifeMs: number } | Failure> {
  const statement = sign(account, deps.clock.now());
  if (typeof statement !== 'string') return statement;
  const controller = new AbortController();
  const cancel = deps.clock.after(EXCHANGE_MS, () => controller.abort());
  const result = await runExchange(deps, {
    baseUrl: account.tokenUri,
    path: '',
    headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json', 'user-agent': 'glidepath' },
    body: new URLSearchParams({ grant_type: GRANT, assertion: statement }).toString(),
    allowPrivateNetwork,
    stream: false,
    timeouts: { connectMs: EXCHANGE_MS, firstTokenMs: EXCHANGE_MS, idleMs: EXCHANGE_MS },
    signal: controller.signal,
    onFrame: () => 'other',
  });
  cancel();
  if (result.kind === 'failed') return result.failure;
  if (result.kind !== 'body') return plainFailure('TIMEOUT', 'The token endpoint did not answer in time.');
  return readToken(result.response);
}

function readToken(response: UpstreamError): { readonly token: string; readonly lifeMs: number } | Failure {
  const body = objectOf(parseJson(response.body));
  const token = textOf(body['access_token']);
  if (response.status >= 200 && response.status < 300 && token !== null)
    return { token, lifeMs: (numberOf(body['expires_in']) ?? SHORTEST_LIFE_SECONDS) * 1_000 };
  const words = [textOf(body['error']), textOf(body['error_description'])].filter((word) => word !== null);
  // Whatever is wrong with the statement is wrong with the credential.
  const status = response.status === 400 ? 401 : response.status;
  const failureClass = status < 300 ? 'BAD_RESPONSE' : classifyStatus(status, { message: '', codes: [], refusedParameter: null });
  return {
    class: failureClass,
    detail: `The token endpoint said ${String(response.status)} ${words.join(' ')}`.trim(),
    httpStatus: response.status,
    retryAfterMs: retryAfterMs(response),
  };
}

/** A JSON Web Token with RS256 (RFC 7515, RFC 7518). */
function sign({ clientEmail, privateKey, privateKeyId, tokenUri }: ServiceAccount, now: Date): string | Failure {
  const issuedAt = Math.floor(now.getTime() / 1_000);
  const header = { alg: 'RS256', typ: 'JWT', ...(privateKeyId === null ? {} : { kid: privateKeyId }) };
  const claims = { iss: clientEmail, scope: SCOPE, aud: tokenUri, iat: issuedAt, exp: issuedAt + STATEMENT_SECONDS };
  const signed = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
  try {
    return `${signed}.${createSign('RSA-SHA256').update(signed).sign(privateKey, 'base64url')}`;
  } catch {
    return plainFailure('AUTH', 'The service account’s private key can’t be read.');
  }
}
