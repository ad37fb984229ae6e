import { randomUUID } from 'node:crypto';
import { createClient } from 'graphql-ws';
import type { Client } from 'graphql-ws';
import { Pool } from 'undici';
import { WebSocket } from 'ws';
import { ANSWER, PROMPT } from './answer.js';
import type { Child } from './child.js';
import { urlOf } from './child.js';
import { MODEL } from './product.js';
import type { Product } from './product.js';

/** One of the things compared: both operations end when the whole answer has come, and throw where it is not the right one. */
export interface Target {
  readonly name: string;
  readonly pid: number;
  /** Both resolve with the number of events that the answer came in. */
  unary(): Promise<number>;
  /** `lane`: which of the parallel readers asks. */
  stream(lane: number): Promise<number>;
  close(): Promise<void>;
}

/** What speaks OpenAI's format: the upstream itself, or the bare proxy before it. */
export function openAiTarget(name: string, child: Child): Target {
  const pool = new Pool(urlOf(child), { connections: 64 });
  const ask = (stream: boolean) =>
    pool.request({
      method: 'POST',
      path: '/v1/chat/completions',
      headers: { 'content-type': 'application/json', authorization: 'Bearer sk-bench' },
      body: JSON.stringify({ model: MODEL, messages: [{ role: 'user', content: PROMPT }], stream }),
    });
  return {
    name,
    pid: child.pid,
    async unary() {
      const { body } = await ask(false);
      const answer = (await body.json()) as { choices: { message: { content: string } }[] };
      check(name, answer.choices[0]?.message.content);
      return 1;
    },
    async stream() {
      const { body } = await ask(true);
      const deltas = [...(await body.text()).matchAll(/"delta":\{"content":"([^"]*)"\}/g)].map((match) => match[1] ?? '');
      check(name, deltas.join(''));
      return deltas.length;
    },
    close: () => pool.close(),
  };
}

const COMPLETE = /* GraphQL */ `
  mutation Complete($input: CompletionInput!) {
    complete(input: $input) {
      __typename
      ... on Completion {
        id
        text
        finishReason
        usage {
          totalInput
          totalOutput
        }
        cost {
          total {
            amount
            currency
          }
          quality
        }
      }
      ... on UserError {
        code
        message
      }
    }
  }
`;

const STREAM = /* GraphQL */ `
  subscription Stream($input: CompletionInput!, $key: String!) {
    streamCompletion(input: $input, idempotencyKey: $key) {
      __typename
      sequence
      ... on TextDelta {
        text
      }
      ... on CompletionFinished {
        completion {
          id
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
      ... on CompletionFailed {
        error {
          code
          message
        }
      }
    }
  }
`;

const INPUT = { model: MODEL, messages: [{ role: 'USER', text: PROMPT }] };

interface StreamData {
  readonly streamCompletion: { readonly __typename: string; readonly text?: string };
}

/** The product: `complete` over HTTP, and `streamCompletion` over one WebSocket a lane. */
export function productTarget(name: string, product: Product, lanes: number): Target {
  const pool = new Pool(product.url, { connections: 64 });
  const body = JSON.stringify({ query: COMPLETE, operationName: 'Complete', variables: { input: INPUT } });
  const sockets = Array.from({ length: lanes }, () =>
    createClient({
      url: `${product.url.replace(/^http/, 'ws')}/graphql`,
      connectionParams: { authorization: `Bearer ${product.key}` },
      webSocketImpl: WebSocket,
      lazy: false,
      retryAttempts: 0,
      // An operation that it cuts off says so itself.
      onNonLazyError: () => undefined,
    }),
  );
  return {
    name,
    pid: product.pid,
    async unary() {
      const response = await pool.request({
        method: 'POST',
        path: '/graphql',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${product.key}` },
        body,
      });
      const answer = (await response.body.json()) as { data?: { complete?: { text?: string } } };
      check(name, answer.data?.complete?.text, answer);
      return 1;
    },
    stream: (lane) => readStream(name, sockets[lane % lanes]),
    async close() {
      for (const socket of sockets) await socket.dispose();
      await pool.close();
    },
  };
}

async function readStream(name: string, socket: Client | undefined): Promise<number> {
  if (!socket) throw new Error('no such lane');
  let text = '';
  let events = 0;
  const variables = { input: INPUT, key: randomUUID() };
  for await (const { data, errors } of socket.iterate<StreamData>({ query: STREAM, variables })) {
    if (errors || !data) throw new Error(`${name} failed: ${JSON.stringify(errors)}`);
    text += data.streamCompletion.text ?? '';
    events += 1;
  }
  check(name, text);
  return events;
}

function check(name: string, text: string | undefined, answer?: unknown): void {
  if (text !== ANSWER) throw new Error(`${name} did not hand on the answer: ${JSON.stringify(answer ?? text)}`);
}
