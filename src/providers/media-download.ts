import type { Clock } from '../core/clock.js';
import type { ExchangeListener, HttpClient, OpenExchange, OutgoingRequest } from './client.js';
import { BlockedAddress, checkUrl } from './network-guard.js';

/** What came of fetching a file that a caller named. `reason` is fit for the caller, `detail` for operators. */
export type Download =
  | { readonly kind: 'file'; readonly bytes: Buffer; readonly contentType: string | null }
  | { readonly kind: 'failed'; readonly reason: string; readonly detail: string }
  | { readonly kind: 'cancelled' };

export interface Downloading {
  readonly client: HttpClient;
  readonly clock: Clock;
  /** Where the client's connections are led by a proxy: what the guard would find of a name, were it asked. */
  readonly leadsInside?: (hostname: string) => Promise<boolean>;
}

export interface DownloadRequest {
  readonly url: string;
  readonly signal: AbortSignal;
  /** Asked before more bytes are kept: whether the call has room for so many. */
  readonly claim: (bytes: number) => boolean;
}

/** As large as vendors take: 20 MB inline. */
const LARGEST_FILE_BYTES = 20 * 1024 * 1024;
/** Redirects and all. */
const DOWNLOAD_MS = 20_000;
/** Links of shops and storage often lead once or twice; each step passes the guard anew. */
const MOST_REDIRECTS = 3;
const PUBLIC_ONLY = { allowPrivateNetwork: false } as const;
const HEADERS = { accept: '*/*', 'accept-encoding': 'identity', 'user-agent': 'glidepath' } as const;

type Step = Download | { readonly kind: 'redirect'; readonly location: string };

/**
 * Fetches one file on a caller's word:
 * 1. https only, and only from public addresses: judged as written, and again as resolved at the moment of connecting (behind a proxy,
 *    as this machine would resolve it).
 * 2. A redirect is not followed by the client; its address begins again at 1, at most three times.
 * 3. Nothing is sent but the request itself: no credential, no header of the caller or of a provider.
 * 4. Too long, too large or aborted closes the socket at once.
 * 5. What went wrong inside a network is not told to the caller: a name that leads to a private address, to none, or to one where
 *    nobody answers is the same.
 */
export async function download(deps: Downloading, request: DownloadRequest): Promise<Download> {
  const limit = new AbortController();
  const follow = () => limit.abort();
  const cancel = deps.clock.after(DOWNLOAD_MS, follow);
  request.signal.addEventListener('abort', follow, { once: true });
  if (request.signal.aborted) follow();
  try {
    const result = await followLinks(deps, { ...request, signal: limit.signal });
    const isLate = result.kind === 'cancelled' && !request.signal.aborted;
    return isLate ? failed(`could not be fetched within ${DOWNLOAD_MS / 1_000} seconds`) : result;
  } finally {
    cancel();
    request.signal.removeEventListener('abort', follow);
  }
}

async function followLinks({ client, leadsInside }: Downloading, request: DownloadRequest): Promise<Download> {
  let { url } = request;
  for (let links = 0; links <= MOST_REDIRECTS; links += 1) {
    const problem = problemOf(url);
    if (problem !== null) return failed(problem, `refused: ${hostOf(url)}`);
    if (await leadsInside?.(new URL(url).hostname)) return unreachable(url, new BlockedAddress('known here'));
    const step = await fetchOnce(client, { ...request, url });
    if (step.kind !== 'redirect') return step;
    url = URL.canParse(step.location, url) ? new URL(step.location, url).href : '';
  }
  return failed(`leads on more than ${MOST_REDIRECTS} times`);
}

function problemOf(url: string): string | null {
  const bare = url.replace(/#.*$/s, '');
  return bare.startsWith('https:') && checkUrl(bare, PUBLIC_ONLY) === null ? null : 'must lead to a public https address, to be fetched';
}

function fetchOnce(client: HttpClient, { url, signal, claim }: DownloadRequest): Promise<Step> {
  const { origin, pathname, search } = new URL(url);
  const outgoing: OutgoingRequest = { baseUrl: origin, path: pathname + search, headers: HEADERS, body: '', method: 'GET', ...PUBLIC_ONLY };
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve({ kind: 'cancelled' });
      return;
    }
    let exchange: OpenExchange | null = null;
    let over = false;
    const end = (step: Step) => {
      if (over) return;
      over = true;
      signal.removeEventListener('abort', abort);
      resolve(step);
    };
    const cut = (step: Step) => {
      end(step);
      exchange?.destroy();
    };
    const abort = () => cut({ kind: 'cancelled' });
    signal.addEventListener('abort', abort, { once: true });
    exchange = client.post(outgoing, createReceiver({ url, claim, end, cut }));
  });
}

interface Receiving extends Pick<DownloadRequest, 'url' | 'claim'> {
  /** The exchange is over by itself. */
  readonly end: (step: Step) => void;
  /** Its rest is not wanted: closes the socket. */
  readonly cut: (step: Step) => void;
}

function createReceiver({ url, claim, end, cut }: Receiving): ExchangeListener {
  const chunks: Uint8Array[] = [];
  let size = 0;
  let contentType: string | null = null;
  const tooLarge = () => cut(failed(`is larger than ${LARGEST_FILE_BYTES / (1024 * 1024)} MB, or than what is left of the call`));
  return {
    onConnected: () => undefined,
    onSent: () => undefined,
    onResponse: (status, headers) => {
      const { location, 'content-encoding': encoding = 'identity' } = headers;
      if (status >= 300 && status < 400 && typeof location === 'string') cut({ kind: 'redirect', location });
      else if (status !== 200) cut(failed(`was answered with HTTP ${status}`, `${hostOf(url)} answered ${status}`));
      else if (encoding !== 'identity') cut(failed('came compressed, though it was asked for plain'));
      else if (Number(headers['content-length'] ?? 0) > LARGEST_FILE_BYTES) tooLarge();
      contentType = typeof headers['content-type'] === 'string' ? headers['content-type'] : null;
    },
    onData: (chunk) => {
      size += chunk.byteLength;
      if (size > LARGEST_FILE_BYTES || !claim(chunk.byteLength)) tooLarge();
      else chunks.push(chunk);
    },
    onEnd: () => end({ kind: 'file', bytes: Buffer.concat(chunks), contentType }),
    onError: (error) => end(unreachable(url, error)),
  };
}

function unreachable(url: string, error: Error): Download {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : error.name;
  const blocked = error instanceof BlockedAddress ? ' (its address is not public)' : '';
  return failed('could not be fetched: no public https server answered there', `${hostOf(url)}: ${code}${blocked}`);
}

function failed(reason: string, detail = reason): Extract<Download, { kind: 'failed' }> {
  return { kind: 'failed', reason, detail };
}

/** All of an address that is kept: the rest may be a signature. */
function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : 'no address';
}
