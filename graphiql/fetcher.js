import { createGraphiQLFetcher } from '@graphiql/toolkit';

const PLACEHOLDER = /^bearer\s*(<.*>)?\s*$/i;

/** The headers as they are sent: without the key that is not filled in yet, which would be refused as a bad one. */
function withoutPlaceholder(headers = {}) {
  return Object.fromEntries(
    Object.entries(headers).filter(([name, value]) => !(name.toLowerCase() === 'authorization' && PLACEHOLDER.test(String(value)))),
  );
}

/** Queries and mutations over HTTP; subscriptions over a WebSocket, with the same headers as its connection parameters. */
export function createFetcher(location) {
  const url = new URL('/graphql', location);
  const subscriptionUrl = new URL(url);
  subscriptionUrl.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  const fetcher = createGraphiQLFetcher({ url: url.href, subscriptionUrl: subscriptionUrl.href, enableIncrementalDelivery: false });
  return (params, options) => fetcher(params, { ...options, headers: withoutPlaceholder(options?.headers) });
}
