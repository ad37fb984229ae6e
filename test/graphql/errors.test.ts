import { describe, expect, test } from '@jest/globals';
import { ERROR_CATALOGUE, userError } from '../../src/core/errors.js';
import type { ErrorCode } from '../../src/core/vocabulary.js';
import { toUserError } from '../../src/graphql/errors/to-user-error.js';
import { API, makeContext, makePrincipal, makeRecord, makeServices, makeState, run } from './world.js';

const KEY = makePrincipal(['INFERENCE']);
const COMPLETE = `mutation {
  complete(input: { model: "gpt-x", messages: [{ role: USER, text: "hi" }] }) {
    __typename
    ... on UserError { code message }
    ... on InvalidRequest { problems { path message } inference { id status } }
    ... on ModelUnavailable { model inference { id status } }
    ... on ProvidersFailed { retryAfterMs inference { id status } }
    ... on Cancelled { inference { id status } }
    ... on GatewayFailed { retryAfterMs inference { id status } }
    ... on Completion { id status }
  }
}`;

const codes = Object.entries(ERROR_CATALOGUE).map(([code, entry]) => ({ code: code as ErrorCode, ...entry }));
const built = codes.filter(({ type }) => API.schema.getType(type) !== undefined);

async function completeWith(error: ReturnType<typeof userError>) {
  const state = makeState(makeRecord(KEY, { status: 'BLOCKED', error }), null);
  const services = makeServices();
  const completions = { ...services.completions, complete: async () => ({ state, error }) };
  const answer = await run(makeContext({ ...services, completions }, KEY), COMPLETE);
  return { ...answer, record: state.record };
}

describe('errors as data', () => {
  test.each(built)('$code is carried by $type', async ({ code, type, message }) => {
    expect(toUserError(userError(code), null).constructor.name).toBe(type);
    if (type === 'Conflict' || type === 'NotFound') return;
    const cached = ['COST_LIMIT_EXCEEDED', 'CACHE_MISS', 'UNPRICED_MODEL', 'CAPABILITY_NOT_SUPPORTED'].includes(code);
    if (cached) return;
    const { data, errors, record } = await completeWith(userError(code));
    expect(errors).toBeUndefined();
    expect(data.complete).toMatchObject({ __typename: type, code, message, inference: { id: record.id, status: 'BLOCKED' } });
  });

  test.each(codes.filter((code) => !built.includes(code)))('$code can’t be raised before $type is in the schema', ({ code }) => {
    expect(() => toUserError(userError(code), null)).toThrow(/no type/);
  });

  test('an invalid request names every problem with its path', async () => {
    const problems = [
      { path: 'messages.0.parts', message: 'exactly one' },
      { path: 'temperature', message: 'at most 2' },
    ];
    const { data } = await completeWith(userError('INVALID_REQUEST', { problems }));
    expect(data.complete.problems).toEqual(problems);
  });

  test('what the provider found wrong has no problems of ours', async () => {
    const { data } = await completeWith(userError('INVALID_REQUEST'));
    expect(data.complete.problems).toEqual([]);
  });

  test('an unavailable model is named as the caller wrote it', async () => {
    expect((await completeWith(userError('MODEL_NOT_FOUND', { model: 'x/y' }))).data.complete.model).toBe('x/y');
    expect((await completeWith(userError('MODEL_NOT_FOUND'))).data.complete.model).toBe('gpt-x');
  });

  test('a wait is told where it is known', async () => {
    expect((await completeWith(userError('PROVIDER_OVERLOADED', { retryAfterMs: 7_000 }))).data.complete.retryAfterMs).toBe(7_000);
    expect((await completeWith(userError('PROVIDER_OVERLOADED'))).data.complete.retryAfterMs).toBeNull();
  });

  test('an error of configuration tells of no inference', () => {
    expect(toUserError(userError('INVALID_REQUEST'), null)).toMatchObject({ inference: null });
  });

  test('the row tells the same error that the result does', async () => {
    const error = userError('PROVIDER_TIMEOUT', { retryAfterMs: 5 });
    const record = makeRecord(KEY, { status: 'FAILED', error });
    const services = makeServices();
    const completions = { ...services.completions, find: async () => makeState(record) };
    const { data } = await run(
      makeContext({ ...services, completions }, KEY),
      `{ inference(id: "${record.id}") { error { __typename code ... on ProvidersFailed { retryAfterMs inference { id } } } } }`,
    );
    expect(data.inference.error).toEqual({
      __typename: 'ProvidersFailed',
      code: 'PROVIDER_TIMEOUT',
      retryAfterMs: 5,
      inference: { id: record.id },
    });
  });
});
