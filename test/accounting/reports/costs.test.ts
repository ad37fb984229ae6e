import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { perMillion } from '../../../src/accounting/reports/blended-price.js';
import type { CostReport } from '../../../src/accounting/reports/contract.js';
import { costOf } from '../../../src/accounting/price.js';
import { picoUsd, ZERO_PICO_USD } from '../../../src/core/money.js';
import type { UsageDimension } from '../../../src/core/vocabulary.js';
import { USAGE_DIMENSIONS } from '../../../src/core/vocabulary.js';
import { reported, simplePrice, usd } from '../samples.js';
import { anyRecordOf, billed, DAY, FRESH, openBooks } from './world.js';
import type { Books } from './world.js';

let books: Books;

beforeAll(async () => {
  books = await openBooks();
});

afterAll(() => books.close());

const PRICE = simplePrice({ INPUT: '2.50', CACHED_INPUT: '1.25', OUTPUT: '10' });

const totalOf = (report: CostReport) => report.rows.reduce((sum, row) => sum + row.total, 0n);

describe('U6 what it cost is explained', () => {
  test('kind by kind, with its quantity', async () => {
    const tenant = await books.found();
    const usage = reported({ input: 86, cachedInput: 1920, output: 300 });
    await books.book(
      tenant.record({ usage, cost: costOf(usage, PRICE), user: 'anna' }),
      tenant.record({ usage, cost: costOf(usage, PRICE), user: 'anna' }),
    );
    const report = await books.reports.costs(tenant.reader, { range: DAY, groupBy: ['USER'] });
    expect(report).toEqual({
      range: DAY,
      total: usd('0.01123'),
      saved: ZERO_PICO_USD,
      truncated: false,
      freshAsOf: FRESH,
      rows: [
        {
          bucket: null,
          dimensions: [{ dimension: 'USER', value: 'anna' }],
          total: usd('0.01123'),
          components: [
            { kind: 'INPUT', quantity: 172, amount: usd('0.00043') },
            { kind: 'CACHED_INPUT', quantity: 3840, amount: usd('0.0048') },
            { kind: 'OUTPUT', quantity: 600, amount: usd('0.006') },
          ],
          blendedPerMillionTokens: usd('2.434952298352'),
        },
      ],
    });
  });

  test('what has no price is in no sum, and does not make the rest look cheap', async () => {
    const tenant = await books.found();
    await books.book(billed(tenant.record(), PRICE, [1_000_000]), billed(tenant.record(), null, [9_000_000]));
    const report = await books.reports.costs(tenant.reader, { range: DAY });
    expect(report.total).toBe(usd('2.5'));
    expect(report.rows).toEqual([expect.objectContaining({ total: usd('2.5'), blendedPerMillionTokens: usd('2.5') })]);
  });

  test('nothing at all costs nothing', async () => {
    const tenant = await books.found();
    expect(await books.reports.costs(tenant.reader, { range: DAY, granularity: 'DAY' })).toMatchObject({
      total: 0n,
      rows: [],
      truncated: false,
    });
  });

  test('a call without tokens has no blended price', async () => {
    const tenant = await books.found();
    await books.book(tenant.record({ status: 'BLOCKED', usage: reported({}), cost: costOf(reported({}), PRICE) }));
    expect((await books.reports.costs(tenant.reader, { range: DAY })).rows).toMatchObject([
      { total: 0n, components: [], blendedPerMillionTokens: null },
    ]);
  });
});

describe('B10 the rows', () => {
  test('sum to the total, and each is the sum of its components, whatever the groups', async () => {
    const tenant = await books.found();
    await books.book(...fc.sample(anyRecordOf(tenant), { numRuns: 150, seed: 7 }));
    const { totals } = await books.reports.usage(tenant.reader, { range: DAY });
    await fc.assert(
      fc.asyncProperty(
        fc.subarray<UsageDimension>([...USAGE_DIMENSIONS], { maxLength: 3 }),
        fc.constantFrom(null, 'HOUR' as const, 'MONTH' as const),
        async (groupBy, granularity) => {
          const report = await books.reports.costs(tenant.reader, {
            range: DAY,
            groupBy,
            granularity,
            filter: { tagKey: 'feature' },
            limit: 1000,
          });
          expect(report.total).toBe(totals.cost);
          expect(totalOf(report)).toBe(report.total);
          for (const row of report.rows) expect(row.components.reduce((sum, part) => sum + part.amount, 0n)).toBe(row.total);
        },
      ),
      { numRuns: 40 },
    );
  });

  test('past the limit are counted in the total: the dearest stay', async () => {
    const tenant = await books.found();
    await books.book(...[1, 5, 3].map((million) => billed(tenant.record({ user: `u${million}` }), PRICE, [million * 1_000_000])));
    const report = await books.reports.costs(tenant.reader, { range: DAY, groupBy: ['USER'], limit: 2 });
    expect(report.rows.map((row) => row.dimensions[0]?.value)).toEqual(['u5', 'u3']);
    expect(report).toMatchObject({ truncated: true, total: usd('22.5') });
  });
});

describe('the price of a million tokens', () => {
  test.each([
    [usd('1'), 3, '333333.333333333333'],
    [picoUsd(1n), 2_000_000, '0'],
    [picoUsd(3n), 2_000_000, '0.000000000002'],
    [picoUsd(5n), 2_000_000, '0.000000000002'],
    [picoUsd(7n), 4_000_000, '0.000000000002'],
    [ZERO_PICO_USD, 7, '0'],
  ])('%s for %s tokens is %s: half to even', (total, tokens, expected) => {
    expect(perMillion(total, tokens)).toBe(usd(expected));
  });

  test('is off by half a picodollar at most', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 10n ** 20n }), fc.integer({ min: 1 }), (total, tokens) => {
        const error = (perMillion(picoUsd(total), tokens) ?? 0n) * BigInt(tokens) - total * 1_000_000n;
        expect(2n * (error < 0n ? -error : error)).toBeLessThanOrEqual(BigInt(tokens));
      }),
    );
  });

  test('is unknown without tokens', () => {
    expect(perMillion(usd('1'), 0)).toBeNull();
  });
});
