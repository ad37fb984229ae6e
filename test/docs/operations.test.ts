import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
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
  const example = examples.find((block) => block.includes(`  ${field}(`));
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

describe('what is predicted', () => {
  const sounds = (bytes: Buffer) => ({ audio: { base64: bytes.toString('base64') } });
  const calls: readonly (readonly [string, object])[] = [
    ['embed', { texts: ['a', 'ein größerer Vogel, 鷺', 'x'.repeat(3_000)] }],
    ['moderate', { texts: ['a', 'b'] }],
    ['rerank', { query: 'q', documents: ['a', 'bb', 'ccc'], topN: 1 }],
    ['generateImage', { prompt: 'a heron', count: 3, quality: 'HIGH' }],
    ['synthesizeSpeech', { text: 'Good morning, 🌞.', voice: 'any' }],
    ['transcribe', sounds(recording('one two three four five six seven eight nine'))],
    ['transcribe', sounds(Buffer.alloc(100_001, 1))],
    ['transcribe', sounds(Buffer.from('RIFF'))],
  ];

  test.each(calls)('of %s holds what the sandbox bills, and is what maxCost is held against', async (field, fields) => {
    const { input: type, type: answer } = OPERATION_CASES.find((one) => one.field === field) ?? {};
    const input = { model: 'sandbox', ...fields };
    const estimated = await product.client.query<{ estimateOperationCost: Record<'low' | 'expected' | 'high', { amount: string }> }>(
      `query ($input: ${type}!) { estimateOperationCost(input: { ${field}: $input }) { low { amount } expected { amount } high { amount } basis } }`,
      { input },
    );
    const { low, expected, high } = estimated.data?.estimateOperationCost ?? {};
    expect(Number(low?.amount)).toBeLessThanOrEqual(Number(expected?.amount));
    const mutation = `mutation ($input: ${type}!) { ${field}(input: $input) { __typename ... on ${answer} { cost { total { amount } } } ... on UserError { code } } }`;
    const ask = async (maxCost: string) => {
      const { data } = await product.client.query<Record<string, { code?: string; cost?: { total: { amount: string } } }>>(mutation, {
        input: { ...input, maxCost },
      });
      return data?.[field];
    };
    const billed = Number((await ask(expected?.amount ?? ''))?.cost?.total.amount);
    expect(billed).toBeGreaterThan(0);
    expect(billed).toBeLessThanOrEqual(Number(high?.amount));
    const less = (BigInt(Math.round(Number(expected?.amount) * 1e12)) - 1n).toString().padStart(13, '0');
    expect(await ask(`${less.slice(0, -12)}.${less.slice(-12)}`)).toMatchObject({ code: 'COST_LIMIT_EXCEEDED' });
  });
});

test('the page shows what is predicted, and how', async () => {
  const example = examples.find((block) => block.includes('estimateOperationCost')) ?? '';
  const { data } = await product.client.query<{ estimateOperationCost: object }>(example);
  expect(data?.estimateOperationCost).toMatchObject({
    ...{ expected: { amount: expect.stringMatching(/^0\.0/) }, high: { amount: expect.stringMatching(/^0\.0/) } },
    basis: expect.stringContaining("the recording's length is not known"),
  });
});
