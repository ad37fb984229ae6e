import type { UpstreamHandler } from './scripted-upstream.js';

/** One operation beside completions, as a test of them all needs it. */
export interface OperationCase {
  readonly operation: string;
  /** The mutation, its input type, and the type of its answer. */
  readonly field: string;
  readonly input: string;
  readonly type: string;
  /** Fields of that type beyond those of every inference. */
  readonly selection: string;
  readonly asked: Readonly<Record<string, unknown>>;
  /** Another call, under the same key. */
  readonly askedElse: Readonly<Record<string, unknown>>;
  readonly rates: readonly { readonly component: string; readonly amount: string; readonly per?: number }[];
  /** Below the upstream's base URL. */
  readonly path: string;
  readonly answer: UpstreamHandler;
  /** What the answer comes to. */
  readonly result: Readonly<Record<string, unknown>>;
  readonly usage: Readonly<Record<string, unknown>>;
  readonly cost: string;
  /** Inputs that are refused, with the paths of their problems. */
  readonly wrong: readonly (readonly [Readonly<Record<string, unknown>>, readonly string[]])[];
}

export const EMBED: OperationCase = {
  operation: 'EMBEDDING',
  field: 'embed',
  input: 'EmbedInput',
  type: 'Embedding',
  selection: 'vectors warnings',
  asked: { texts: ['one', 'two words'], dimensions: 3 },
  askedElse: { texts: ['three'] },
  rates: [{ component: 'INPUT', amount: '0.02' }],
  path: '/v1/embeddings',
  answer: ({ request, json }) => {
    const texts = request.json?.['input'] as readonly string[];
    const data = texts.map((text, index) => ({ object: 'embedding', index, embedding: [text.length, -0.5, 1e-7] }));
    json(200, { object: 'list', model: 'm', data: data.reverse(), usage: { prompt_tokens: 7, total_tokens: 7 } });
  },
  result: {
    vectors: [
      [3, -0.5, 1e-7],
      [9, -0.5, 1e-7],
    ],
    warnings: [],
  },
  usage: { input: 7, totalInput: 7, totalOutput: 0, source: 'REPORTED', raw: { prompt_tokens: 7, total_tokens: 7 } },
  cost: '0.00000014',
  wrong: [
    [{ texts: [] }, ['texts']],
    [{ texts: ['a', ''] }, ['texts.1']],
    [{ texts: ['a'], dimensions: 0, timeoutMs: 0, maxCost: '-1' }, ['maxCost', 'timeoutMs', 'dimensions']],
  ],
};

export const OPERATION_CASES: readonly OperationCase[] = [EMBED];

/** The mutation of a case, with what every inference tells. */
export function operationDocument({ field, input, type, selection }: OperationCase): string {
  return /* GraphQL */ `
    mutation ($input: ${input}!, $key: String) {
      ${field}(input: $input, idempotencyKey: $key) {
        __typename
        ... on ${type} { ...Row ${selection} }
        ... on UserError { code message }
        ... on InvalidRequest { problems { path } inference { ...Row } }
        ... on ModelUnavailable { inference { ...Row } }
        ... on ProvidersFailed { inference { ...Row } }
        ... on GatewayFailed { inference { ...Row } }
      }
    }
    ${INFERENCE_ROW}
  `;
}

export const INFERENCE_ROW = /* GraphQL */ `
  fragment Row on Inference {
    __typename
    id
    operation
    status
    requestedModel
    servedModel {
      slug
    }
    usage {
      input
      totalInput
      totalOutput
      source
      raw
    }
    cost {
      total {
        amount
      }
      quality
      components {
        kind
        quantity
        amount
      }
    }
    routing {
      attempts {
        index
        status
        failure
        detail
        deployment {
          slug
        }
      }
    }
    error {
      code
    }
    user
    tags {
      key
      value
    }
  }
`;
