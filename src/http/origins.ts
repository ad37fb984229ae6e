/** Which web origins may call: the one that the request came to, and those configured. Requests without an Origin are no browser's. */
export interface OriginPolicy {
  allows(origin: string | undefined, host: string | undefined): boolean;
}

export function createOriginPolicy(configured: readonly string[]): OriginPolicy {
  const anyOrigin = configured.includes('*');
  const known = new Set(configured.map(normalize));
  return {
    allows: (origin, host) => {
      if (origin === undefined || anyOrigin) return true;
      const asked = normalize(origin);
      // Behind a proxy that ends TLS our own scheme is unknown, so the host decides.
      return known.has(asked) || (host !== undefined && asked.replace(/^https?:\/\//, '') === host.toLowerCase());
    },
  };
}

function normalize(origin: string): string {
  return origin.trim().toLowerCase().replace(/\/$/, '');
}
