import { createGraphiQLFetcher } from '@graphiql/toolkit';

const PLACEHOLDER = /^bearer\s*(<.*>)?\s*$/i;

/**
 * The headers as they are sent. The key that was filled in last stands in where a tab still has the placeholder, so that
 * it is pasted once; without one the placeholder is left out, because it would be refused as a bad key. It lives in
 * this page's memory only.
 */
function createKeyMemory() {
  let lastKey = null;
  return (headers = {}) => {
    const sent = {};
    for (const [name, value] of Object.entries(headers)) {
      const isAuthorization = name.toLowerCase() === 'authorization';
      const isPlaceholder = isAuthorization && PLACEHOLDER.test(String(value));
      if (isAuthorization && !isPlaceholder) lastKey = value;
      if (!isPlaceholder) sent[name] = value;
      else if (lastKey !== null) sent[name] = lastKey;
    }
    return sent;
  };
}

/** Queries and mutations over HTTP; subscriptions over a WebSocket, with the same headers as its connection parameters. */
export function createFetcher(location) {
  const url = new URL('/graphql', location);
  const subscriptionUrl = new URL(url);
  subscriptionUrl.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  const fetcher = createGraphiQLFetcher({ url: url.href, subscriptionUrl: subscriptionUrl.href, enableIncrementalDelivery: false });
  const withKey = createKeyMemory();
  return (params, options) => fetcher(params, { ...options, headers: withKey(options?.headers) });
}
