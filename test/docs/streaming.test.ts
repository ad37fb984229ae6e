import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { execFile, spawn } from 'node:child_process';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { chatBody, chatFrame, chatStream, createGate } from '../kit/scripted-upstream.js';
import { startTcpProxy } from '../kit/tcp-proxy.js';
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

const settings = (url: string) => ({
  PATH: process.env['PATH'],
  ...{ GLIDEPATH_URL: url, GLIDEPATH_KEY: product.adminKey, GLIDEPATH_MODEL: 'words' },
});

async function run(name: string): Promise<string> {
  const running = promisify(execFile)(process.execPath, [name], { cwd: folder, env: settings(product.url), timeout: 15_000 });
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
      'retry.mjs',
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
    // stream, sse, resume, retry, cancel, idempotency (two callers, one question) and start; what was refused asked nobody.
    expect(product.upstream.requests).toHaveLength(7);
    await Promise.all(product.upstream.requests.map(({ ended }) => ended));
  });

  test.each(['resume.mjs', 'retry.mjs'])(
    '%s over a network that breaks again and again: each delta once, asked once',
    async (name) => {
      const CUTS = 5;
      const before = product.upstream.requests.length;
      const proxy = await startTcpProxy(product.url);
      const gates = Array.from({ length: CUTS }, createGate);
      product.upstream.respondOnce(async ({ stream, send }) => {
        for (const [index, { opened }] of gates.entries()) {
          await send(chatFrame({ content: `part ${index}; ` }));
          await send(chatFrame({ content: `more ${index}; ` }));
          await opened;
        }
        await stream(chatStream(['the end']));
      });
      const child = spawn(process.execPath, [name], { cwd: folder, env: settings(proxy.url.replace(/\/$/, '')) });
      const printed = printedBy(child);
      const closed = once(child, 'close');
      let expected = '';
      for (const [index, gate] of gates.entries()) {
        expected += `part ${index}; more ${index}; `;
        await printed.has(expected);
        proxy.cut();
        // What the upstream says meanwhile, nobody hears.
        gate.open();
        proxy.heal();
      }
      expect(await closed).toEqual([0, null]);
      expect(printed.text().split('\n')[0]).toBe(`${expected}the end`);
      expect(product.upstream.requests).toHaveLength(before + 1);
      await proxy.close();
    },
    60_000,
  );
});

interface Printed {
  text(): string;
  /** Resolves once it has printed that; rejects where it ends without. */
  has(part: string): Promise<void>;
}

function printedBy(child: ChildProcessWithoutNullStreams): Printed {
  let text = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString('utf8')));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString('utf8')));
  return {
    text: () => text,
    has: (part) =>
      new Promise((resolve, reject) => {
        const check = () => text.includes(part) && resolve();
        child.stdout.on('data', check);
        child.once('close', () => reject(new Error(`ended without ${part}: ${text}${stderr}`)));
        check();
      }),
  };
}
