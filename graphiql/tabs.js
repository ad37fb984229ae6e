const QUERY = `# Put your API key into Headers below, for <key>.
# It serves the other tabs too. Then run this.
query Overview {
  viewer {
    organization { name }
    permissions
  }
  models(first: 5, filter: { served: true }) {
    totalCount
    nodes {
      slug
      vendor
      capabilities
      price { tiers { aboveInputTokens rates { component amount per } } }
    }
  }
}
`;

const COMPLETION = `# One answer, what it cost, and who gave it.
mutation Ask($input: CompletionInput!) {
  complete(input: $input) {
    ... on Completion {
      id
      text
      finishReason
      servedModel { slug }
      usage { totalInput totalOutput }
      cost { quality total { amount currency } }
      timing { firstTokenMs totalMs }
    }
    ... on UserError { code message }
  }
}
`;

const STREAM = `# The same, word by word. Run it again, and you read
# the same answer at no cost: its idempotency key
# (in Variables) names it. Change that for a new one.
subscription Stream($input: CompletionInput!, $key: String!) {
  streamCompletion(input: $input, idempotencyKey: $key) {
    sequence
    ... on TextDelta { text }
    ... on CompletionFinished {
      completion {
        id
        text
        finishReason
        usage { totalOutput }
        cost { total { amount currency } }
      }
    }
    ... on CompletionFailed { error { code message } }
  }
}
`;

const input = (text) => ({ model: 'sandbox', messages: [{ role: 'USER', text }] });

export const HEADERS = JSON.stringify({ authorization: 'Bearer <key>' }, null, 2);

/** What the first visit finds: something to query, to complete and to stream. */
export function startingTabs() {
  return [
    { query: QUERY, headers: HEADERS },
    { query: COMPLETION, headers: HEADERS, variables: JSON.stringify({ input: input('Say hello.') }, null, 2) },
    {
      query: STREAM,
      headers: HEADERS,
      variables: JSON.stringify({ key: crypto.randomUUID(), input: input('Count from one to ten.') }, null, 2),
    },
  ];
}
