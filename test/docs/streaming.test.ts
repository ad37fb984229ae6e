import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { chatBody, chatFrame, chatStream } from '../kit/scripted-upstream.js';
import { startProduct } from '../kit/product.js';
import type { TestProduct } from '../kit/product.js';

const ROOT = path.resolve(import.meta.dirname, '../..');
const PAGE = readFileSync(path.join(ROOT, 'docs/streaming.md'), 'utf8');

interface Example {
  readonly name: string;
  readonly code: string;
  /** What the page says it prints; null where it says nothing. */
  readonly output: string | null;
}

/** Every fenced block of the page: a module by its name, and the text it prints where one follows. */
function examplesOf(page: string): readonly Example[] {
  const blocks = [...page.matchAll(/^```(\w+)(?: (\S+))?\n([\s\S]*?)^```$/gm)].map(([, language, name, body = '']) => ({
    language,
    name,
    body,
  }));
  return blocks.flatMap(({ language, name, body }, index) => {
    if (language === 'text') return [];
    if (language !== 'js' || name === undefined) throw new Error(`a block that no test can run: ${body.slice(0, 60)}`);
    const next = blocks[index + 1];
    return { name, code: body, output: next?.language === 'text' ? next.body : null };
  });
}

const EXAMPLES = examplesOf(PAGE);
let product: TestProduct;
let folder: string;

beforeAll(async () => {
  product = await startProduct();
  await product.serve({ slug: 'words', rates: { INPUT: '1', OUTPUT: '2' } });
  product.upstream.respond(async ({ request, json, send, stall, stream }) => {
    if (request.body.includes('long story')) {
      await send(chatFrame({ content: 'Once upon a time' }));
      return stall();
    }
    return request.json?.['stream'] === true ? stream(chatStream(['Hello', ' there.'])) : json(200, chatBody());
  });
  folder = await mkdtemp(path.join(tmpdir(), 'glidepath-docs-'));
  await symlink(path.join(ROOT, 'node_modules'), path.join(folder, 'node_modules'));
  for (const { name, code } of EXAMPLES) await writeFile(path.join(folder, name), code);
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
  await product.stop();
});

async function run(name: string): Promise<string> {
  const env = { PATH: process.env['PATH'], GLIDEPATH_URL: product.url, GLIDEPATH_KEY: product.adminKey, GLIDEPATH_MODEL: 'words' };
  const running = promisify(execFile)(process.execPath, [name], { cwd: folder, env, timeout: 15_000 });
  const { stdout, stderr } = await running.catch((error: unknown) => {
    throw new Error(`${name} failed: ${JSON.stringify(error)}`, { cause: error });
  });
  if (stderr !== '') throw new Error(stderr);
  return stdout;
}

describe('docs/streaming.md', () => {
  test('has the examples that it promises', () => {
    expect(EXAMPLES.map(({ name }) => name)).toEqual([
      'gateway.mjs',
      'stream.mjs',
      'sse.mjs',
      'resume.mjs',
      'cancel.mjs',
      'errors.mjs',
      'idempotency.mjs',
      'start.mjs',
    ]);
    expect(EXAMPLES.filter(({ output }) => output === null).map(({ name }) => name)).toEqual(['gateway.mjs']);
  });

  test.each(EXAMPLES.flatMap(({ name, output }) => (output === null ? [] : [{ name, output }])))(
    '$name prints what the page says',
    async ({ name, output }) => {
      expect(await run(name)).toBe(output);
    },
  );

  test('its examples asked each question once, and left nothing running', async () => {
    // stream, sse, resume, cancel, idempotency (two callers, one question) and start; what was refused asked nobody.
    expect(product.upstream.requests).toHaveLength(6);
    await Promise.all(product.upstream.requests.map(({ ended }) => ended));
  });
});
