import { Secret } from '../core/secret.js';
import type { Reader } from './reader.js';

/** Through which proxy upstreams are reached. The URLs may hold a user name and password. */
export interface OutboundProxies {
  /** For upstreams of that scheme; null: reached directly. */
  readonly http: Secret | null;
  readonly https: Secret | null;
  /** Hosts reached directly, as NO_PROXY lists them: `name`, `.suffix`, `name:port` or `*`, separated by commas. */
  readonly exceptions: string;
}

const PROXY_PROTOCOLS: ReadonlySet<string> = new Set(['http:', 'https:', 'socks5:']);

/** As curl and most tools read them: the name in small letters counts before the other. */
export function readProxies(reader: Reader): OutboundProxies {
  const url = (variable: string) => {
    const small = variable.toLowerCase();
    return reader.parsed(reader.text(small) === null ? variable : small, parseProxy);
  };
  return {
    http: url('HTTP_PROXY'),
    https: url('HTTPS_PROXY'),
    exceptions: reader.text('no_proxy') ?? reader.text('NO_PROXY') ?? '',
  };
}

/** Its value may hold a password, so no fault repeats it. */
function parseProxy(given: string): Secret {
  const text = given.includes('://') ? given : `http://${given}`;
  if (!URL.canParse(text) || !PROXY_PROTOCOLS.has(new URL(text).protocol))
    throw new Error('must be a URL such as http://proxy.example.com:3128; http, https and socks5 are known');
  return new Secret(text);
}
