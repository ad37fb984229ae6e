import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { recording } from '../../src/providers/sandbox-media.js';
import { OPERATION_CASES } from '../kit/operation-cases.js';
import { startProduct } from '../kit/product.js';
import type { TestProduct } from '../kit/product.js';

let product: TestProduct;

beforeAll(async () => {
  product = await startProduct({ env: { SANDBOX: 'on' } });
});

afterAll(() => product.stop());

const page = readFileSync('docs/operations.md', 'utf8');
const examples = [...page.matchAll(/```graphql\n([\s\S]*?)```/g)].map(([, block = '']) => block);

test.each(OPERATION_CASES.map(({ field, type }) => [field, type]))('the page shows %s, and the sandbox answers it', async (field, type) => {
  const example = examples.find((block) => block.includes(`${field}(`));
  const { data, errors } = await product.client.query<Record<string, { __typename: string; cost: { total: { amount: string } } }>>(
    example ?? '',
  );
  expect(errors).toBeUndefined();
  expect(data?.[field]?.__typename).toBe(type);
  expect(Number(data?.[field]?.cost.total.amount)).toBeGreaterThan(0);
  expect(page).toContain(`| \`${field}\` `);
});

test('the page shows how a file is sent, and the sandbox hears it', async () => {
  const [, command = ''] = /```sh\n([\s\S]*?)```/.exec(page) ?? [];
  expect(command).toContain('-F');
  const directory = mkdtempSync(join(tmpdir(), 'glidepath-upload-'));
  try {
    writeFileSync(join(directory, 'recording.wav'), recording('one two three four five six seven eight'));
    const { stdout } = await promisify(execFile)('bash', ['-c', command.replaceAll('http://127.0.0.1:4000', product.url)], {
      ...{ cwd: directory, env: { ...process.env, GLIDEPATH_KEY: product.adminKey } },
    });
    expect(JSON.parse(stdout)).toMatchObject({
      data: { transcribe: { __typename: 'Transcription', text: expect.stringContaining('2 seconds'), cost: { total: {} } } },
    });
  } finally {
    rmSync(directory, { recursive: true });
  }
});
