import { expect, test } from '@jest/globals';
import { createRefusedParameters } from '../../src/providers/refusals.js';
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
