import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { bannerOf } from '../../src/compose/banner.js';
import { startProduct } from '../kit/product.js';
import type { TestProduct } from '../kit/product.js';

let product: TestProduct;

beforeAll(async () => {
  product = await startProduct({ env: { SANDBOX: 'on' } });
});

afterAll(() => product.stop());

/** Runs a shell command as a reader would paste it, against this product. */
async function paste(command: string): Promise<string> {
  const here = command.replaceAll('http://127.0.0.1:4000', product.url);
  const { stdout } = await promisify(execFile)('bash', ['-c', here], {
    env: { ...process.env, GLIDEPATH_KEY: product.adminKey },
    timeout: 15_000,
  });
  return stdout;
}

describe('the commands of the README answer as it says', () => {
  const readme = readFileSync('README.md', 'utf8');
  const commands = [...readme.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, block = '']) => block).filter((block) => block.includes('curl'));

  test('there are a query and a stream to paste', () => {
    expect(commands.length).toBeGreaterThanOrEqual(2);
  });

  test.each(commands.map((command, index) => [index, command] as const))('number %i', async (_index, command) => {
    const answer = await paste(command);
    expect(answer).not.toContain('"errors"');
    expect(answer).toContain(command.includes('subscription') ? '"__typename":"CompletionFinished"' : '"__typename":"Completion"');
    expect(answer).toContain('"amount":"0.');
  });
});

test('the command that the start prints answers', async () => {
  const banner = bannerOf({
    url: product.url,
    adminKey: product.adminKey,
    config: { databaseUrl: null, dataDir: '/data', sandbox: 'auto', providerKeys: [], adminKey: null },
  });
  expect(banner).toContain(product.adminKey);
  const answer = await paste(banner.slice(banner.indexOf('curl')));
  expect(JSON.parse(answer)).toMatchObject({ data: { complete: { text: expect.any(String), cost: { total: { currency: 'USD' } } } } });
});

test('a later start does not print a key', () => {
  const config = { databaseUrl: null, dataDir: '/data', sandbox: 'auto', providerKeys: [], adminKey: null } as const;
  expect(bannerOf({ url: 'http://localhost', adminKey: null, config })).not.toMatch(/gp_/);
});
