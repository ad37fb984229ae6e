import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { costOf, sumCosts } from '../../src/accounting/price.js';
import type { Price } from '../../src/core/pricing.js';
import { TOKEN_CLASSES, totalInput, totalOutput } from '../../src/core/usage.js';
import type { TokenClasses } from '../../src/core/usage.js';
import { addClasses, anyClasses, anyFlatPrice, anyTieredPrice, priceOf, reported } from './samples.js';

function totalOf(classes: TokenClasses, price: Price): bigint {
  const { total } = costOf(reported(classes), price);
  if (total === null) throw new Error('unpriced');
  return total;
}

const hasRequestFee = (price: Price) => price.tiers.some((tier) => tier.rates.some((rate) => rate.component === 'REQUEST'));

describe('any price, any usage', () => {
  test('the components add up to the total, and each to its quantity times its unit price', () => {
    fc.assert(
      fc.property(anyTieredPrice, anyClasses, (price, classes) => {
        const cost = costOf(reported(classes), price);
        expect(cost.components.reduce((sum, { amount }) => sum + amount, 0n)).toBe(cost.total);
        for (const { amount, quantity, unitPrice, per } of cost.components) expect(amount * BigInt(per)).toBe(unitPrice * BigInt(quantity));
      }),
    );
  });

  test('every token is in exactly one component', () => {
    fc.assert(
      fc.property(anyTieredPrice, anyClasses, (price, classes) => {
        const billed = costOf(reported(classes), price).components.filter(({ kind }) => kind !== 'REQUEST');
        expect(billed.reduce((sum, { quantity }) => sum + quantity, 0)).toBe(totalInput(classes) + totalOutput(classes));
        expect(new Set(billed.map(({ kind }) => kind)).size).toBe(billed.length);
      }),
    );
  });

  test('C17 no cost is negative', () => {
    fc.assert(
      fc.property(anyTieredPrice, anyClasses, (price, classes) => {
        const cost = costOf(reported(classes), price);
        expect(cost.total).toBeGreaterThanOrEqual(0n);
        for (const { amount } of cost.components) expect(amount).toBeGreaterThanOrEqual(0n);
      }),
    );
  });

  test('more tokens of a class never cost less at one tier', () => {
    fc.assert(
      fc.property(anyFlatPrice, anyClasses, fc.constantFrom(...TOKEN_CLASSES), fc.nat(1_000_000), (price, classes, name, more) => {
        expect(totalOf({ ...classes, [name]: classes[name] + more }, price)).toBeGreaterThanOrEqual(totalOf(classes, price));
      }),
    );
  });

  test('the cost of two calls is the cost of their tokens together, where nothing is charged for the request', () => {
    fc.assert(
      fc.property(
        anyFlatPrice.filter((price) => !hasRequestFee(price)),
        anyClasses,
        anyClasses,
        (price, left, right) => {
          expect(totalOf(addClasses(left, right), price)).toBe(totalOf(left, price) + totalOf(right, price));
        },
      ),
    );
  });

  test('a sum of costs is as exact as its parts, in any order', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(anyTieredPrice, anyClasses), { maxLength: 6 }), (calls) => {
        const costs = calls.map(([price, classes]) => costOf(reported(classes), price));
        const sum = sumCosts(costs);
        expect(sum.total).toBe(costs.reduce((total, cost) => total + (cost.total ?? 0n), 0n));
        expect(sumCosts(costs.toReversed()).total).toBe(sum.total);
        expect(sum.components.reduce((total, { amount }) => total + amount, 0n)).toBe(sum.total);
      }),
    );
  });

  test('C5 past the bound all is billed by the higher tier, up to it all by the lower', () => {
    fc.assert(
      fc.property(anyTieredPrice, anyClasses, (price, classes) => {
        const [low, high] = price.tiers;
        if (!low || !high) throw new Error('two tiers were asked for');
        const chosen = totalInput(classes) > high.aboveInputTokens ? high : low;
        expect(totalOf(classes, price)).toBe(totalOf(classes, priceOf([{ ...chosen, aboveInputTokens: 0 }])));
      }),
    );
  });
});
