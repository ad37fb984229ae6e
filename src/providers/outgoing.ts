import { secretsOfAccount } from '../core/cloud-account.js';
import type { OutgoingRequest } from './client.js';
import type { ChatRequest, ProviderTarget } from './contract.js';

interface Form {
  readonly stream: boolean;
}

/** Ours to set: what a configured header says of them would break the request, or send it elsewhere. */
const OWN_HEADERS: ReadonlySet<string> = new Set(['host', 'content-length', 'transfer-encoding', 'connection', 'expect', 'upgrade']);

export function toOutgoing(request: ChatRequest, target: ProviderTarget, options: Form): OutgoingRequest {
  const { allowPrivateNetwork, tls = null } = target;
  const baseUrl = request.basePath === undefined ? target.baseUrl : new URL(target.baseUrl).origin + request.basePath;
  const headers = requestHeaders(request, target, options);
  const body = request.payload?.bytes ?? JSON.stringify(request.body);
  return { baseUrl, path: request.path, headers, body, allowPrivateNetwork, tls };
}

function requestHeaders(request: ChatRequest, target: ProviderTarget, { stream }: Form): Record<string, string> {
  const configured = Object.entries(target.headers).map(([name, value]) => [name.toLowerCase(), value] as const);
  return {
    'content-type': request.payload?.contentType ?? 'application/json',
    accept: stream ? 'text/event-stream' : 'application/json',
    'user-agent': 'glidepath',
    ...request.headers,
    ...Object.fromEntries(configured.filter(([name]) => !OWN_HEADERS.has(name))),
    ...(request.payload === undefined ? {} : { 'content-length': String(lengthOf(request.payload.bytes)) }),
  };
}

/** Of pieces nobody else knows how much there is to come. */
function lengthOf(pieces: readonly Uint8Array[]): number {
  return pieces.reduce((sum, piece) => sum + piece.byteLength, 0);
}

/** Configured headers often hold a second key. */
export function secretsOf(target: ProviderTarget): readonly string[] {
  const account = target.account === null ? [] : secretsOfAccount(target.account.reveal());
  return [...(target.apiKey === null ? [] : [target.apiKey.reveal()]), ...account, ...Object.values(target.headers)];
}
