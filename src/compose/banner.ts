import type { Config } from '../config.js';

export interface BannerFacts {
  readonly url: string;
  readonly adminKey: string | null;
  readonly config: Pick<Config, 'databaseUrl' | 'dataDir' | 'sandbox' | 'providerKeys' | 'adminKey'>;
}

/** What a person who typed the start command wants to see: where it is, the key, and something to paste. */
export function bannerOf({ url, adminKey, config }: BannerFacts): string {
  const keyLine =
    adminKey === null
      ? `  Admin key   ${config.adminKey === null ? 'printed at the first start' : 'as in ADMIN_KEY'}`
      : `  Admin key   ${adminKey}   (shown only now: keep it)`;
  const database = config.databaseUrl === null ? `embedded, in ${config.dataDir}` : 'as in DATABASE_URL';
  const key = adminKey ?? '$GLIDEPATH_KEY';
  return `
  Glidepath is ready.

  GraphQL     ${url}/graphql   (HTTP, WebSocket and server-sent events)
  GraphiQL    ${url}/graphiql
  Database    ${database}
${keyLine}

  A first answer:

    curl -s ${url}/graphql \\
      -H 'content-type: application/json' \\
      -H 'authorization: Bearer ${key}' \\
      -d '${firstRequest()}'

`;
}

function firstRequest(): string {
  const query = `mutation { complete(input: {model: "sandbox", messages: [{role: USER, text: "What is a glide path?"}]}) { ... on Completion { text cost { total { amount currency } } } ... on UserError { code message } } }`;
  return JSON.stringify({ query });
}
