/** GraphQL documents that end-to-end tests share. */
export const COST_FIELDS = /* GraphQL */ `
  fragment CostFields on Cost {
    total {
      amount
      currency
    }
    quality
    components {
      kind
      quantity
      unitPrice
      per
      amount
    }
    price {
      effectiveFrom
      source
      tiers {
        aboveInputTokens
        rates {
          component
          amount
          per
        }
      }
    }
    saved {
      amount
    }
  }
`;

export const USAGE_FIELDS = /* GraphQL */ `
  fragment UsageFields on TokenUsage {
    input
    cachedInput
    cacheWrite5m
    cacheWrite1h
    audioInput
    imageInput
    output
    reasoning
    audioOutput
    imageOutput
    totalInput
    totalOutput
    source
    raw
  }
`;

export const COMPLETION_FIELDS = /* GraphQL */ `
  fragment CompletionFields on Completion {
    id
    operation
    status
    requestedModel
    servedModel {
      slug
    }
    text
    answer {
      text
      refusal
      parts {
        __typename
        ... on TextPart {
          text
          signature
        }
        ... on ReasoningPart {
          text
          redacted
          signature
        }
        ... on ToolCall {
          id
          name
          arguments
          signature
        }
      }
      toolCalls {
        id
        name
        arguments
      }
    }
    content
    contentExpiresAt
    finishReason
    rawFinishReason
    usage {
      ...UsageFields
    }
    cost {
      ...CostFields
    }
    routing {
      seed
      steps {
        path
        kind
        outcome
        reason
      }
      candidates {
        deployment {
          slug
        }
        chosen
        excluded
      }
      attempts {
        index
        status
        failure
        httpStatus
        detail
        retryAfterMs
        deployment {
          slug
        }
        usage {
          totalInput
          totalOutput
        }
        cost {
          total {
            amount
          }
        }
      }
    }
    cache {
      status
    }
    warnings
    timing {
      queuedMs
      gatewayMs
      firstTokenMs
      totalMs
    }
    error {
      code
      message
    }
    team {
      slug
    }
    apiKey {
      id
      name
    }
    user
    sessionId
    tags {
      key
      value
    }
    createdAt
    endedAt
  }
  ${COST_FIELDS}
  ${USAGE_FIELDS}
`;

const RESULT = /* GraphQL */ `
  __typename
  ... on Completion { ...CompletionFields }
  ... on UserError { code message }
  ... on InvalidRequest { problems { path message } inference { id status } }
  ... on ModelUnavailable { model inference { id status } }
  ... on ProvidersFailed { retryAfterMs inference { id status ...on Completion { ...CompletionFields } } }
  ... on GatewayFailed { inference { id status } }
  ... on Cancelled { inference { id status } }
`;

export const COMPLETE = /* GraphQL */ `
  mutation Complete($input: CompletionInput!, $key: String) {
    complete(input: $input, idempotencyKey: $key) { ${RESULT} }
  }
  ${COMPLETION_FIELDS}
`;

export const START_COMPLETION = /* GraphQL */ `
  mutation Start($input: CompletionInput!, $key: String) {
    startCompletion(input: $input, idempotencyKey: $key) { ${RESULT} }
  }
  ${COMPLETION_FIELDS}
`;

export const COMPLETION = /* GraphQL */ `
  query Completion($id: ID!) {
    completion(id: $id) {
      ...CompletionFields
    }
  }
  ${COMPLETION_FIELDS}
`;

export const CANCEL_COMPLETION = /* GraphQL */ `
  mutation Cancel($id: ID!) {
    cancelCompletion(input: { id: $id }) {
      __typename
      ... on Completion {
        id
        status
      }
      ... on NotFound {
        code
        message
        targetId
      }
    }
  }
`;

const EVENT = /* GraphQL */ `
  __typename
  completionId firstSequence sequence at
  ... on TextDelta { text }
  ... on ReasoningDelta { text }
  ... on ToolCallDelta { index id name argumentsDelta }
  ... on CompletionStarted { completion { ...CompletionFields } }
  ... on UsageUpdated { usage { ...UsageFields } cost { ...CostFields } }
  ... on CompletionFinished { completion { ...CompletionFields } }
  ... on CompletionFailed { error { code message } completion { ...CompletionFields } }
`;

export const STREAM_COMPLETION = /* GraphQL */ `
  subscription Stream($input: CompletionInput!, $key: String!, $after: Int = -1) {
    streamCompletion(input: $input, idempotencyKey: $key, after: $after) { ${EVENT} }
  }
  ${COMPLETION_FIELDS}
`;

export const COMPLETION_STREAM = /* GraphQL */ `
  subscription Read($id: ID!, $after: Int = -1) {
    completionStream(id: $id, after: $after) { ${EVENT} }
  }
  ${COMPLETION_FIELDS}
`;

export const CREATE_PROVIDER = /* GraphQL */ `
  mutation CreateProvider($input: CreateProviderInput!) {
    createProvider(input: $input) {
      __typename
      ... on Provider {
        id
        slug
        name
        wireFormat
        baseUrl
        region
        enabled
        credential {
          lastFour
          setAt
        }
      }
      ... on UserError {
        code
        message
      }
      ... on InvalidRequest {
        problems {
          path
          message
        }
      }
      ... on Conflict {
        field
      }
    }
  }
`;

export const CREATE_MODEL = /* GraphQL */ `
  mutation CreateModel($input: CreateModelInput!) {
    createModel(input: $input) {
      __typename
      ... on Model {
        id
        slug
        capabilities
        price {
          tiers {
            rates {
              component
              amount
              per
            }
          }
        }
      }
      ... on UserError {
        code
        message
      }
      ... on InvalidRequest {
        problems {
          path
          message
        }
      }
    }
  }
`;

export const CREATE_DEPLOYMENT = /* GraphQL */ `
  mutation CreateDeployment($input: CreateDeploymentInput!) {
    createDeployment(input: $input) {
      __typename
      ... on Deployment {
        id
        slug
        upstreamModel
        weight
        enabled
      }
      ... on UserError {
        code
        message
      }
      ... on InvalidRequest {
        problems {
          path
          message
        }
      }
    }
  }
`;

export const CREATE_API_KEY = /* GraphQL */ `
  mutation CreateApiKey($input: CreateApiKeyInput!) {
    createApiKey(input: $input) {
      __typename
      ... on CreatedApiKey {
        secret
        apiKey {
          id
          name
          prefix
          permissions
          models
          state
          expiresAt
        }
      }
      ... on UserError {
        code
        message
      }
      ... on InvalidRequest {
        problems {
          path
          message
        }
      }
    }
  }
`;
