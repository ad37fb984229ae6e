import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { GraphQLError, Kind, parseValue, type GraphQLScalarType } from 'graphql';
import { GraphQLDateTime, GraphQLDecimal, GraphQLURL } from '../../src/graphql/scalars/index.js';

const literal = (scalar: GraphQLScalarType, source: string) => scalar.parseLiteral(parseValue(source));

describe('Decimal', () => {
  test('hands any plain decimal string through, digit for digit', () => {
    const digits = (min: number, max: number) => fc.stringMatching(new RegExp(`^\\d{${min},${max}}$`));
    const decimal = fc.tuple(fc.constantFrom('', '-'), digits(1, 26), fc.option(digits(1, 30), { nil: null }));
    fc.assert(
      fc.property(decimal, ([sign, whole, fraction]) => {
        const text = `${sign}${whole}${fraction === null ? '' : `.${fraction}`}`;
        expect(GraphQLDecimal.parseValue(text)).toBe(text);
        expect(literal(GraphQLDecimal, JSON.stringify(text))).toBe(text);
        expect(GraphQLDecimal.serialize(text)).toBe(text);
      }),
    );
  });

  test('takes whole numbers, and refuses floats because they have lost digits already', () => {
    expect(GraphQLDecimal.parseValue(3)).toBe('3');
    expect(literal(GraphQLDecimal, '-3')).toBe('-3');
    expect(() => GraphQLDecimal.parseValue(0.1)).toThrow(/float/);
    expect(() => literal(GraphQLDecimal, '0.1')).toThrow(/float/);
    expect(() => GraphQLDecimal.parseValue(2 ** 60)).toThrow(GraphQLError);
  });

  test.each(['', ' 1', '1e3', '1.', '.5', '+1', '1,5', '1\u0000', 'NaN', '１', '1'.repeat(27), null, true, {}, [1]])(
    'refuses %j',
    (value) => {
      expect(() => GraphQLDecimal.parseValue(value)).toThrow(GraphQLError);
    },
  );

  test('refuses literals that are no number at all', () => {
    expect(() => literal(GraphQLDecimal, 'true')).toThrow(GraphQLError);
    expect(() => literal(GraphQLDecimal, '{ a: 1 }')).toThrow(GraphQLError);
  });
});

describe('DateTime', () => {
  test('answers any instant in UTC and reads its own answers', () => {
    fc.assert(
      fc.property(fc.date({ min: new Date(0), max: new Date('9999-12-31T23:59:59.999Z'), noInvalidDate: true }), (instant) => {
        const text = GraphQLDateTime.serialize(instant);
        expect(text).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
        expect(GraphQLDateTime.parseValue(text)).toEqual(instant);
      }),
    );
  });

  test('turns an offset into UTC', () => {
    const parsed = GraphQLDateTime.parseValue('2026-03-01T12:00:00+02:00');
    expect(GraphQLDateTime.serialize(parsed)).toBe('2026-03-01T10:00:00.000Z');
    expect(GraphQLDateTime.parseLiteral({ kind: Kind.STRING, value: '2026-03-01T12:00:00+02:00' })).toEqual(parsed);
  });

  test.each(['yesterday', '2026-03-01', '2026-02-30T00:00:00Z', '2026-03-01T12:00:00', '', '\u0000', {}, true])('refuses %j', (value) => {
    expect(() => GraphQLDateTime.parseValue(value)).toThrow();
  });
});

describe('URL', () => {
  test('keeps an address as it is written', () => {
    expect(GraphQLURL.parseValue('https://Example.com/v1')).toBe('https://Example.com/v1');
    expect(GraphQLURL.serialize('http://host')).toBe('http://host');
    expect(literal(GraphQLURL, '"https://example.com/v1/"')).toBe('https://example.com/v1/');
  });

  test.each(['', '/v1', 'example.com', 'http://', 5, null, {}])('refuses %j', (value) => {
    expect(() => GraphQLURL.parseValue(value)).toThrow(GraphQLError);
  });
});
