import { expect, test } from '@jest/globals';
import { createRefusedParameters, fieldsRefusedIn, refusalOf } from '../../src/providers/refusals.js';
import { createManualClock } from '../kit/manual-clock.js';

test('P10 what is remembered is remembered for its deployment, and adds up', () => {
  const refused = createRefusedParameters(createManualClock());
  refused.remember('a', 'temperature');
  refused.remember('a', 'seed');
  refused.remember('b', 'user');
  expect([...refused.of('a')]).toEqual(['temperature', 'seed']);
  expect([...refused.of('b')]).toEqual(['user']);
  expect(refused.of('c').size).toBe(0);
});

test('it is forgotten after an hour, so that a provider that learns is believed', async () => {
  const clock = createManualClock();
  const refused = createRefusedParameters(clock);
  refused.remember('a', 'temperature');
  await clock.advance(3_599_999);
  expect(refused.of('a').size).toBe(1);
  await clock.advance(1);
  expect(refused.of('a').size).toBe(0);
});

test('D10 a million names do not grow it without bound', () => {
  const refused = createRefusedParameters(createManualClock());
  for (let parameter = 0; parameter < 1_000; parameter += 1) refused.remember('a', `p${String(parameter)}`);
  expect(refused.of('a').size).toBeLessThanOrEqual(32);
  for (let deployment = 0; deployment < 20_000; deployment += 1) refused.remember(`d${String(deployment)}`, 'x');
  expect(refused.of('a').size).toBe(0);
  expect(refused.of('d19999').size).toBe(1);
});

test.each([
  ["Unsupported value: 'reasoning_effort' does not support 'minimal' with this model.", 'reasoning_effort', 'reasoning_effort=minimal'],
  ["Unsupported parameter: 'reasoning_effort' is not supported with this model.", 'reasoning_effort', 'reasoning_effort'],
  ["Unsupported value: 'temperature' does not support 0.2 with this model.", 'temperature', 'temperature'],
  ["Unsupported value: 'verbosity'", 'verbosity', 'verbosity'],
])('of %j what is remembered is %s → %s', (detail, parameter, expected) => {
  expect(refusalOf(parameter, { detail, body: { reasoning_effort: 'minimal', temperature: 0.2 } })).toBe(expected);
});

test('a word that was refused is no reason to leave out another', () => {
  const refused = new Set(['reasoning_effort=minimal', 'seed']);
  expect(fieldsRefusedIn({ reasoning_effort: 'minimal', model: 'm' }, refused)).toEqual(['reasoning_effort']);
  expect(fieldsRefusedIn({ reasoning_effort: 'high', seed: 7 }, refused)).toEqual([]);
});
