/** What a caller presented: nothing, a key, or something that is no key in any form we take. */
export type Presented = { readonly kind: 'none' } | { readonly kind: 'key'; readonly key: string } | { readonly kind: 'unreadable' };

const BEARER = /^bearer +(\S+) *$/i;

/** The key from HTTP headers, whose names come in lower case. Never from a URL: those end up in logs. */
export function keyFromHeaders(headers: Readonly<Record<string, string | readonly string[] | undefined>>): Presented {
  return presented(headers['authorization'], headers['x-api-key']);
}

/** The key from a `connection_init` payload: the same names, in any case. */
export function keyFromConnectionParams(params: Readonly<Record<string, unknown>> | undefined): Presented {
  if (params === undefined) return { kind: 'none' };
  let authorization: unknown;
  let apiKey: unknown;
  for (const [name, value] of Object.entries(params)) {
    const lowerName = name.toLowerCase();
    if (lowerName === 'authorization') authorization = value;
    else if (lowerName === 'x-api-key') apiKey = value;
  }
  return presented(authorization, apiKey);
}

function presented(authorization: unknown, apiKey: unknown): Presented {
  if (isGiven(authorization)) {
    const bearer = typeof authorization === 'string' ? BEARER.exec(authorization) : null;
    if (bearer?.[1] !== undefined) return { kind: 'key', key: bearer[1] };
    // A proxy's own Authorization (Basic …) must not hide a key that is sent beside it.
    if (!isGiven(apiKey)) return { kind: 'unreadable' };
  }
  if (!isGiven(apiKey)) return { kind: 'none' };
  return typeof apiKey === 'string' ? { kind: 'key', key: apiKey } : { kind: 'unreadable' };
}

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null && value !== '';
}
