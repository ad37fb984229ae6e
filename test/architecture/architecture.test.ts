import { beforeAll, describe, expect, test } from '@jest/globals';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { cruise, REPOSITORY, told, type Cruise } from './cruise.js';
import { environmentReaders, longFiles, SIZE_EXCEPTIONS } from './source-rules.js';

describe('the source keeps its shape', () => {
  let product: Cruise;

  beforeAll(async () => {
    product = await cruise(
      REPOSITORY,
      ['src', 'migrations', 'ormconfig.ts'].filter((place) => existsSync(path.join(REPOSITORY, place))),
    );
  }, 60_000);

  test('the cruise saw the source', () => {
    expect(product.modules).toBeGreaterThan(50);
  });

  test('ranks, cycles and forbidden modules', () => {
    expect(told(product.violations)).toEqual([]);
  });

  test('every rule names a decision that is written down', () => {
    const missing = product.rules.filter(({ comment }) => !existsSync(path.join(REPOSITORY, comment)));
    expect(missing).toEqual([]);
    expect(product.rules.length).toBeGreaterThan(20);
  });

  test('the environment is read in one place', () => {
    expect(told(environmentReaders(REPOSITORY))).toEqual([]);
  });

  test('files stay small, without exceptions', () => {
    expect(told(longFiles(REPOSITORY))).toEqual([]);
    expect(SIZE_EXCEPTIONS).toEqual({});
  });
});
