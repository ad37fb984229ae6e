import { describe, expect, test } from '@jest/globals';
import { WIRE_FORMAT_ADAPTERS } from '../../src/providers/adapters.js';
import { makeTarget } from '../providers/support.js';
import { FORMATS_UNDER_TEST } from './formats-under-test.js';
import { CONTRACT_CASES } from './format.js';
import { describeContract } from './suite.js';

test('every wire format that is built takes part', () => {
  expect(FORMATS_UNDER_TEST.map(({ wireFormat }) => wireFormat).sort()).toEqual([...WIRE_FORMAT_ADAPTERS.keys()].sort());
});

describe.each(FORMATS_UNDER_TEST.map((format) => [format.wireFormat, format] as const))('%s', (wireFormat, format) => {
  const target = (origin: string) => makeTarget({ wireFormat, baseUrl: origin + format.basePath });

  test('answers every case, or says why not', () => {
    const answered = format.answers.map(({ name }) => name);
    for (const name of CONTRACT_CASES) expect(answered.includes(name)).toBe(format.skipped[name] === undefined);
  });

  const standIn = { streamsUsage: true, canAsk: () => true };
  describeContract({ format, target, standIn, path: format.path, sent: ({ sent }) => sent });
});
