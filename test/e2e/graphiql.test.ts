import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { chromium, type Browser, type Page } from 'playwright-core';
import { startProduct, type TestProduct } from '../kit/product.js';

const CHROMIUM = '/usr/bin/chromium';
/** In a closed network Chromium's own look-ups fail, many at a time, and slow the page. */
const CHROMIUM_FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
const isInstalled = existsSync(CHROMIUM);
if (!isInstalled) {
  const reason = `GraphiQL is NOT tested: there is no ${CHROMIUM}. Install it with: apt-get install chromium`;
  if (process.env['CI'] === 'true') throw new Error(reason);
  process.stderr.write(`\n${reason}\n`);
}
// Skipped without a browser on this machine, which the line above says aloud; in CI that fails.
const withBrowser = isInstalled ? describe : describe.skip;

withBrowser('GraphiQL in a browser', () => {
  let product: TestProduct;
  let browser: Browser;
  let page: Page;
  const complaints: string[] = [];
  const outside: string[] = [];

  beforeAll(async () => {
    product = await startProduct({ env: { SANDBOX: 'on' } });
    browser = await chromium.launch({ executablePath: CHROMIUM, args: CHROMIUM_FLAGS });
    page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(`${message.text()} ${message.location().url}`);
    });
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('request', (request) => {
      if (!/^(data|blob):/.test(request.url()) && !request.url().startsWith(product.url)) outside.push(request.url());
    });
    await page.goto(`${product.url}/graphiql`);
    await page.locator('.graphiql-query-editor .monaco-editor').waitFor();
  }, 60_000);

  afterAll(async () => {
    await browser.close();
    await product.stop();
  }, 30_000);

  /** GraphiQL takes a click on a tab only once the run before it is wholly over, which nothing on the page shows. */
  const openTab = async (name: string) => {
    const active = page.locator('.graphiql-tab-active', { hasText: name });
    for (let round = 0; round < 10 && (await active.count()) === 0; round += 1) {
      await page.locator('.graphiql-tab-button', { hasText: name }).click();
      await active.waitFor({ timeout: 1_000 }).catch(() => undefined);
    }
  };
  const run = () => page.locator('.graphiql-execute-button').click();
  const answer = (pattern: RegExp, timeout = 15_000) => page.locator('.result-window', { hasText: pattern }).waitFor({ timeout });
  /** A tab's variables arrive a moment after its query, and nothing shows when: run before them, an operation is a 400. */
  const runUntil = async (pattern: RegExp) => {
    for (let round = 0; round < 4; round += 1) {
      await run();
      const answered = await answer(pattern, 5_000).then(
        () => true,
        () => false,
      );
      if (answered) return;
    }
    throw new Error(`no answer like ${pattern.source}: ${(await page.locator('.result-window').textContent()) ?? ''}`);
  };
  // As text, because what runs in the page knows the page's globals and this file does not.
  const paste = (text: string) =>
    page.evaluate(`(() => {
      const clipboardData = new DataTransfer();
      clipboardData.setData('text/plain', ${JSON.stringify(text)});
      document.activeElement.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }));
    })()`);

  test('its tabs hold a query, a completion and a stream', async () => {
    expect(await page.locator('.graphiql-tab-button').allTextContents()).toEqual(['Overview', 'Ask', 'Stream']);
  });

  test('without a key it asks for one, and the schema is there all the same', async () => {
    await run();
    await answer(/UNAUTHENTICATED/);
    await page.locator('.graphiql-sidebar button').first().click();
    await page.locator('.graphiql-doc-explorer').waitFor();
    await page.locator('.graphiql-doc-explorer', { hasText: 'Mutation' }).waitFor();
  });

  test('the key goes into a header, and the query is answered', async () => {
    await page.locator('.graphiql-editor-tool .monaco-editor:visible').last().click();
    await page.keyboard.press('Control+A');
    await paste(JSON.stringify({ authorization: `Bearer ${product.adminKey}` }));
    await run();
    await answer(/"permissions"/);
  });

  test('the same key serves the completion', async () => {
    await openTab('Ask');
    await runUntil(/"complete":[\s\S]*"text":\s*"\S/);
  }, 40_000);

  test('and the stream, over a socket', async () => {
    const opened = page.waitForEvent('websocket');
    await openTab('Stream');
    await runUntil(/"finishReason":\s*"STOP"/);
    expect((await opened).url()).toBe(`${product.url.replace('http', 'ws')}/graphql`);
  }, 40_000);

  test('nothing outside was asked, and nothing was refused by the page’s policy', () => {
    expect(outside).toEqual([]);
    expect(complaints.filter((text) => !/\b40[01]\b/.test(text))).toEqual([]);
  });

  test('the start page needs no script and shows the state', async () => {
    const plain = await browser.newPage({ javaScriptEnabled: false });
    await plain.goto(product.url);
    expect(await plain.locator('.state').textContent()).toContain('ready');
    expect(await plain.locator('h1').textContent()).toBe('Glidepath');
    await plain.close();
  });
});
