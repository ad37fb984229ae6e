import { describe, expect, test } from '@jest/globals';
import { QueryFailedError } from 'typeorm';
import { GatewayError } from '../../src/core/errors.js';
import { asGatewayError, isLost, isUnavailable, isUnreachable, wasSilent } from '../../src/storage/connection-errors.js';

const withCode = (code: string): Error => Object.assign(new Error('x'), { code });

describe('what counts as a database that is away', () => {
  test.each([
    '08000',
    '08006',
    '08P01',
    '53300',
    '53100',
    '57P01',
    '57P02',
    '57P03',
    '25006',
    'ECONNREFUSED',
    'ECONNRESET',
    'ENOTFOUND',
    'EPIPE',
  ])('D2 %s, bare, wrapped, and among several', (code) => {
    const error = withCode(code);
    for (const shape of [error, new QueryFailedError('SELECT 1', [], error), new AggregateError([withCode('X'), error])])
      expect(isUnavailable(shape)).toBe(true);
  });

  test.each([
    'timeout exceeded when trying to connect',
    'timeout expired',
    'Query read timeout',
    'Connection terminated',
    'Connection terminated unexpectedly',
    'Connection terminated due to connection timeout',
    'Client has encountered a connection error and is not queryable',
    'Cannot use a pool after calling end on the pool',
    'Driver not Connected',
    'Query runner already released. Cannot run queries anymore.',
    'Database connection provided by a query runner was already released, cannot continue to use its querying methods anymore.',
  ])('D2 the words "%s"', (message) => {
    expect(isUnavailable(new Error(message))).toBe(true);
  });

  test.each(['23505', '42P01', '22P02', '40001', '40P01', '57014', '42501', '28P01', '22021'])('but not %s', (code) => {
    const error = new QueryFailedError('SELECT 1', [], withCode(code));
    expect(isUnavailable(error)).toBe(false);
    expect(asGatewayError(error)).toBe(error);
  });

  test.each([null, undefined, 'timeout', 42, new Error('the connection of ideas')])('nor %p', (value) => {
    expect(asGatewayError(value)).toBe(value);
  });

  test('a gateway error stays itself; the reason goes along as its cause, for the log', () => {
    const own = new GatewayError('FORBIDDEN', 'no');
    expect(asGatewayError(own)).toBe(own);
    const cause = withCode('ECONNREFUSED');
    expect(asGatewayError(cause)).toMatchObject({ code: 'SERVICE_UNAVAILABLE', cause, retryAfterMs: 1_000 });
  });
});

describe('what a failure tells of others', () => {
  test.each(['57P03', 'ECONNREFUSED', 'ENOTFOUND'])('%s while connecting: nobody can connect', (code) => {
    expect([isUnreachable(withCode(code)), isUnreachable(new AggregateError([withCode(code)]))]).toEqual([true, true]);
  });

  test.each(['timeout expired', 'Connection terminated due to connection timeout', 'Connection terminated unexpectedly'])(
    'so does "%s"',
    (message) => {
      expect(isUnreachable(new Error(message))).toBe(true);
    },
  );

  test('a server that takes no more connections, and a pool whose connections are all lent, say nothing of those', () => {
    expect([isUnreachable(withCode('53300')), isUnreachable(new Error('timeout exceeded when trying to connect'))]).toEqual([false, false]);
  });

  test('a statement without an answer is not tried again; one on a broken connection may be', () => {
    const broken = new Error('Connection terminated unexpectedly');
    const silent = [new Error('Query read timeout'), new QueryFailedError('SELECT 1', [], new Error('Connection terminated'))];
    expect([isLost(broken), wasSilent(broken)]).toEqual([true, false]);
    for (const error of silent) expect([isLost(error), wasSilent(error)]).toEqual([false, true]);
    expect([isLost(new Error('a bug')), wasSilent(null)]).toEqual([false, false]);
  });
});
