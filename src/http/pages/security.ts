/**
 * What the pages may load: our own files only. The exceptions, and why:
 * - the start page's one style sheet is inline, and allowed by its hash;
 * - GraphiQL: its editor (Monaco) writes style elements and style attributes as it lays out text ('unsafe-inline' for
 *   styles; scripts stay 'self'), its icons are data: URLs, and one of its workers may be started from a blob: URL.
 */
export function contentSecurityPolicy(pageKind: 'graphiql' | { readonly style: string }): string {
  const directives =
    pageKind === 'graphiql'
      ? {
          'script-src': "'self'",
          'style-src': "'self' 'unsafe-inline'",
          'img-src': "'self' data:",
          'font-src': "'self' data:",
          'connect-src': "'self'",
          'worker-src': "'self'",
        }
      : { 'style-src': `'${pageKind.style}'`, 'img-src': "'self'" };
  const all = { 'default-src': "'none'", ...directives, 'base-uri': "'none'", 'form-action': "'none'", 'frame-ancestors': "'none'" };
  return Object.entries(all)
    .map(([name, sources]) => `${name} ${sources}`)
    .join('; ');
}

export function securityHeaders(): Record<string, string> {
  return {
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'referrer-policy': 'no-referrer',
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'permissions-policy': 'camera=(), geolocation=(), microphone=()',
  };
}
