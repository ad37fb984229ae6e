import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { addUsd, formatUsd, parseUsd, picoUsd, ZERO_PICO_USD } from '../../src/core/money.js';

const anyAmount = fc.bigInt(-(10n ** 37n), 10n ** 37n).map(picoUsd);

describe('money', () => {
  test.each([
    ['0', 0n],
    ['3', 3_000_000_000_000n],
    ['0.054399', 54_399_000_000n],
    ['0.000000000001', 1n],
    ['-0.5', -500_000_000_000n],
    ['007.10', 7_100_000_000_000n],
    ['1.0000000000000000000', 1_000_000_000_000n],
  ])('%s dollars are %d picodollars', (text, amount) => {
    expect(parseUsd(text)).toBe(amount);
  });

  test.each(['', '.5', '5.', '+1', ' 1', '1 ', '1e3', '0x10', '1,5', 'NaN', 'Infinity', '--1', '1.2.3', '1_000', '١'])(
    '%j is no amount',
    (text) => {
      expect(parseUsd(text)).toBeNull();
    },
  );

  test('what is finer than a picodollar is refused, not rounded', () => {
    expect(parseUsd('0.0000000000001')).toBeNull();
    expect(parseUsd('0.0000000000010')).toBe(1n);
    fc.assert(
      fc.property(fc.nat(), fc.stringMatching(/^\d{12,20}[1-9]$/), (whole, fraction) => {
        expect(parseUsd(`${whole}.${fraction}`)).toBeNull();
      }),
    );
  });

  test('any amount survives its text', () => {
    fc.assert(
      fc.property(anyAmount, (amount) => {
        expect(parseUsd(formatUsd(amount))).toBe(amount);
      }),
    );
  });

  test('the text is the shortest one, and never has an exponent', () => {
    fc.assert(
      fc.property(anyAmount, (amount) => {
        expect(formatUsd(amount)).toMatch(/^(?:0|-?(?:[1-9]\d*|0(?=\.))(?:\.\d{0,11}[1-9])?)$/);
      }),
    );
    expect(formatUsd(picoUsd(-1n))).toBe('-0.000000000001');
    expect(formatUsd(ZERO_PICO_USD)).toBe('0');
  });

  test('whatever text parses, equal amounts print alike', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^-?\d{1,20}(\.\d{1,12}0{0,5})?$/), (text) => {
        const amount = parseUsd(text);
        if (amount === null) throw new Error(`refused: ${text}`);
        expect(parseUsd(formatUsd(amount))).toBe(amount);
      }),
    );
  });

  test('C16 sums have no rest: ten thousand times 0.00000255 is 0.0255', () => {
    const small = parseUsd('0.00000255') ?? ZERO_PICO_USD;
    const sum = Array.from({ length: 10_000 }, () => small).reduce(addUsd, ZERO_PICO_USD);
    expect(formatUsd(sum)).toBe('0.0255');
  });

  test('a sum doesn’t depend on its order', () => {
    fc.assert(
      fc.property(fc.array(anyAmount), (amounts) => {
        expect(amounts.toReversed().reduce(addUsd, ZERO_PICO_USD)).toBe(amounts.reduce(addUsd, ZERO_PICO_USD));
      }),
    );
  });
});
