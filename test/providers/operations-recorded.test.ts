import { describe, expect, test } from '@jest/globals';
import { readFileSync, readdirSync } from 'node:fs';
import type { JsonObject, JsonValue } from '../../src/core/json.js';
import type { OperationName } from '../../src/core/operations.js';
import type { WireFormat } from '../../src/core/vocabulary.js';
import type { ProviderTarget, UpstreamError } from '../../src/providers/contract.js';
import { embedding, image, operationOf, reranking } from './operations-support.js';

/** Bodies as vendors' documentation, and reports of bugs, show them. */
interface Recorded {
  readonly about: string;
  readonly wireFormat: WireFormat;
  readonly operation: Extract<OperationName, 'EMBEDDING' | 'IMAGE' | 'RERANK'>;
  readonly target?: Partial<ProviderTarget>;
  readonly call?: JsonObject;
  readonly headers?: UpstreamError['headers'];
  readonly body?: JsonValue;
  readonly expected?: { readonly result: JsonObject | null; readonly usage: JsonObject | null; readonly failure?: JsonObject };
  /** Status, body, what it means, and headers. */
  readonly failures?: readonly (readonly [number, JsonValue, JsonObject, UpstreamError['headers']?])[];
}

const MAKE = { EMBEDDING: embedding, IMAGE: image, RERANK: reranking } as const;

describe.each(['cohere', 'bedrock/operations'])('%s', (folder) => {
  const root = new URL(`../fixtures/${folder}/`, import.meta.url);
  const recorded = readdirSync(root).map((file) => ({
    name: file.replace('.json', ''),
    ...(JSON.parse(readFileSync(new URL(file, root), 'utf8')) as Recorded),
  }));

  test.each(recorded.filter(({ expected }) => expected !== undefined))('$name: $about', ({ wireFormat, operation, ...exchange }) => {
    const { body = null, target = {}, headers = {}, expected } = exchange;
    const answer = operationOf(wireFormat, operation).answer(body, MAKE[operation](exchange.call), { target, headers });
    if (expected?.failure === undefined) expect(answer.failure).toBeNull();
    else expect(answer.failure).toMatchObject(expected.failure);
    expect(answer.result ?? null).toEqual(expected?.result);
    if (expected?.usage == null) expect(answer.usage).toBeNull();
    else expect(answer.usage).toMatchObject(expected.usage);
  });

  const failures = recorded.flatMap(({ wireFormat, operation, failures: all = [] }) =>
    all.map(([status, body, meaning, headers]) => ({ status, text: JSON.stringify(body), body, meaning, headers, wireFormat, operation })),
  );
  test.each(failures)('$status $text', ({ status, body, meaning, headers, wireFormat, operation }) => {
    expect(operationOf(wireFormat, operation).failure(status, body, headers)).toMatchObject({ ...meaning, httpStatus: status });
  });
});
