import fc from 'fast-check';
import { costOf } from '../../src/accounting/price.js';
import type { UserError } from '../../src/core/errors.js';
import { newId } from '../../src/core/ids.js';
import type { AttemptRecord, InferenceRecord, RoutingRecord, ServedBy } from '../../src/core/inference.js';
import type { JsonValue } from '../../src/core/json.js';
import type { Cost, Price } from '../../src/core/pricing.js';
import type { TokenUsage } from '../../src/core/usage.js';
import { NO_USAGE } from '../../src/core/usage.js';
import {
  ATTEMPT_STATUSES,
  CACHE_STATUSES,
  CONTENT_STATES,
  ERROR_CODES,
  FAILURE_CLASSES,
  FINISH_REASONS,
  INFERENCE_STATUSES,
  TASK_KINDS,
} from '../../src/core/vocabulary.js';
import { anyClasses, anyTieredPrice, reported } from './samples.js';

export const ORGANIZATION = newId('organization');

export function newServed(): ServedBy {
  return { modelId: newId('model'), deploymentId: newId('deployment'), providerId: newId('provider') };
}

export function sampleAttempt(overrides: Partial<AttemptRecord> = {}): AttemptRecord {
  return {
    id: newId('attempt'),
    index: 0,
    served: newServed(),
    status: 'SUCCEEDED',
    failure: null,
    startedAt: new Date('2026-11-21T12:00:00.005Z'),
    firstTokenMs: 12.5,
    durationMs: 80.25,
    usage: null,
    cost: null,
    ...overrides,
  };
}

export function sampleRecord(overrides: Partial<InferenceRecord> = {}): InferenceRecord {
  return {
    id: newId('completion'),
    organizationId: ORGANIZATION,
    operation: 'COMPLETION',
    status: 'SUCCEEDED',
    requestedModel: 'gpt-sample',
    served: newServed(),
    apiKeyId: newId('key'),
    teamId: null,
    user: null,
    sessionId: null,
    tags: [],
    task: null,
    usage: null,
    cost: null,
    routing: null,
    attempts: [],
    cacheStatus: 'OFF',
    finishReason: 'STOP',
    rawFinishReason: 'stop',
    warnings: [],
    error: null,
    streamed: false,
    contentState: 'NOT_STORED',
    contentExpiresAt: null,
    timing: { queuedMs: null, gatewayMs: 1.25, firstTokenMs: null, totalMs: 81.5 },
    requestId: 'request-1',
    createdAt: new Date('2026-11-21T12:00:00.000Z'),
    endedAt: new Date('2026-11-21T12:00:00.081Z'),
    ...overrides,
  };
}

/** Text as PostgreSQL can hold it: whole characters, no NUL. */
const words = fc.string({ unit: 'grapheme' }).map((text) => text.replaceAll('\0', ''));
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: null });
const instant = fc.date({ min: new Date('2026-01-01'), max: new Date('2030-01-01'), noInvalidDate: true });
const ms = maybe(fc.double({ min: 0, max: 1e7, noNaN: true }).map((value) => value + 0));
const json: fc.Arbitrary<JsonValue> = fc.dictionary(
  words,
  fc.oneof(words, fc.integer(), fc.boolean(), fc.constant(null), fc.array(fc.integer())),
);
const served = fc.constant(null).map(newServed);

const error: fc.Arbitrary<UserError> = fc.record(
  { code: fc.constantFrom(...ERROR_CODES), message: words, retryAfterMs: maybe(fc.nat()), model: words },
  { requiredKeys: ['code', 'message'] },
);

const routing: fc.Arbitrary<RoutingRecord> = fc.record({
  route: maybe(words),
  routeVersion: maybe(fc.nat()),
  seed: words,
  steps: fc.array(fc.record({ path: words, kind: words, outcome: words, reason: words }), { maxLength: 2 }),
  candidates: fc.array(
    fc.record({
      deploymentId: served.map((one) => one.deploymentId),
      chosen: fc.boolean(),
      score: maybe(fc.integer()),
      excluded: maybe(words),
    }),
    { maxLength: 2 },
  ),
});

const usage: fc.Arbitrary<TokenUsage> = fc.oneof(
  fc.constant(NO_USAGE),
  fc
    .record({
      classes: anyClasses,
      source: fc.constantFrom('REPORTED' as const, 'ESTIMATED' as const),
      raw: maybe(json),
      inconsistent: fc.boolean(),
    })
    .map(({ classes, ...rest }) => reported(classes, rest)),
);

/** Usage and its cost: nothing yet, without a price, or at this price. */
function amounts(price: Price): fc.Arbitrary<{ usage: TokenUsage | null; cost: Cost | null }> {
  return fc.oneof(
    fc.constant({ usage: null, cost: null }),
    usage.map((used) => ({ usage: used, cost: costOf(used, null) })),
    usage.map((used) => ({ usage: used, cost: costOf(used, price) })),
  );
}

function attempts(price: Price): fc.Arbitrary<AttemptRecord[]> {
  const one = fc
    .record({
      amounts: amounts(price),
      status: fc.constantFrom(...ATTEMPT_STATUSES),
      failure: maybe(
        fc.record({
          class: fc.constantFrom(...FAILURE_CLASSES),
          detail: words,
          httpStatus: maybe(fc.nat(599)),
          retryAfterMs: maybe(fc.nat()),
        }),
      ),
      served,
      startedAt: instant,
      firstTokenMs: ms,
      durationMs: ms,
    })
    .map(({ amounts: both, ...rest }) => sampleAttempt({ ...rest, ...both }));
  return fc.array(one, { maxLength: 3 }).map((list) => list.map((attempt, index) => ({ ...attempt, index })));
}

/** Any record that can be in the ledger; its attempts were billed by the price of its own row. */
export const anyRecord: fc.Arbitrary<InferenceRecord> = anyTieredPrice.chain((price) =>
  fc
    .record({
      amounts: amounts(price),
      attempts: attempts(price),
      who: fc.record({
        user: maybe(words),
        sessionId: maybe(words),
        requestId: maybe(words),
        requestedModel: words,
        rawFinishReason: maybe(words),
      }),
      status: fc.constantFrom(...INFERENCE_STATUSES),
      served: maybe(served),
      teamId: maybe(fc.constant(null).map(() => newId('team'))),
      tags: fc.array(fc.record({ key: words, value: words }), { maxLength: 3 }),
      task: maybe(fc.constantFrom(...TASK_KINDS)),
      routing: maybe(routing),
      cacheStatus: fc.constantFrom(...CACHE_STATUSES),
      finishReason: maybe(fc.constantFrom(...FINISH_REASONS)),
      warnings: fc.array(words, { maxLength: 3 }),
      error: maybe(error),
      streamed: fc.boolean(),
      contentState: fc.constantFrom(...CONTENT_STATES),
      contentExpiresAt: maybe(instant),
      timing: fc.record({ queuedMs: ms, gatewayMs: ms, firstTokenMs: ms, totalMs: ms }),
      createdAt: instant,
      endedAt: maybe(instant),
    })
    .map(({ amounts: both, who, ...rest }) => sampleRecord({ ...rest, ...who, ...withPriceFor(both, rest.attempts, price) })),
);

/** Where an attempt was billed, its inference has a cost that names the price. */
function withPriceFor(both: { usage: TokenUsage | null; cost: Cost | null }, list: readonly AttemptRecord[], price: Price) {
  const isBilled = list.some((attempt) => attempt.cost?.price);
  return isBilled && !both.cost?.price ? { usage: NO_USAGE, cost: costOf(NO_USAGE, price) } : both;
}
