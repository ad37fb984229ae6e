import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { fromText, toText } from '../../src/cache/plain-form.js';

const leaf = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => (Object.is(number, -0) ? 0 : number)),
  fc.boolean(),
  fc.constant(null),
  fc.bigInt(),
  fc.date({ noInvalidDate: true }),
);
const name = fc.oneof(fc.string(), fc.constantFrom('$date', '$bigint', '$fields', '$', '__proto__', 'constructor', 'toJSON'));
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof({ maxDepth: 4 }, leaf, fc.array(tie('value')), fc.dictionary(name, tie('value'), { noNullPrototype: true })),
}));

test('any value comes back as it was, whatever its fields are called', () => {
  fc.assert(
    fc.property(value, (given) => {
      expect(fromText(toText(given))).toEqual(given);
    }),
  );
});

test('what looks like a mark is told from one', () => {
  const given = { amount: 12n, at: new Date(0), raw: { $date: 'not a date', $bigint: '1', $fields: [['a', 1]] } };
  expect(fromText(toText(given))).toEqual(given);
});
