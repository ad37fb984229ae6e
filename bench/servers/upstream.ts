/** The upstream that everything is measured against: one fixed answer, whole or as a hundred deltas. */
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { announce } from './announce.js';
import { DELTA, DELTAS } from '../answer.js';

/** Between two deltas; about five hundred tokens a second, as a fast model has, where the argument says nothing else. */
const DELTA_EVERY_MS = Number(process.argv[2] ?? 2);

const HEAD = { id: 'chatcmpl-bench', created: 1_700_000_000, model: 'bench' };
const USAGE = { prompt_tokens: 20, completion_tokens: DELTAS, total_tokens: 20 + DELTAS };

const WHOLE = JSON.stringify({
  ...HEAD,
  object: 'chat.completion',
  choices: [{ index: 0, message: { role: 'assistant', content: DELTA.repeat(DELTAS), refusal: null }, finish_reason: 'stop' }],
  usage: USAGE,
});

const chunk = (delta: object, finishReason: string | null): string =>
  frame({ ...HEAD, object: 'chat.completion.chunk', choices: [{ index: 0, delta, finish_reason: finishReason }], usage: null });
const frame = (data: object): string => `data: ${JSON.stringify(data)}\n\n`;

const FIRST = chunk({ role: 'assistant', content: '' }, null);
const NEXT = chunk({ content: DELTA }, null);
const LAST = `${chunk({}, 'stop')}${frame({ ...HEAD, object: 'chat.completion.chunk', choices: [], usage: USAGE })}data: [DONE]\n\n`;

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  let body = '';
  for await (const part of request) body += String(part);
  const { stream } = JSON.parse(body) as { stream?: boolean };
  if (stream !== true) {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(WHOLE) }).end(WHOLE);
    return;
  }
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.write(FIRST);
  let sent = 0;
  const timer = setInterval(() => {
    response.write(NEXT);
    sent += 1;
    if (sent < DELTAS) return;
    clearInterval(timer);
    response.end(LAST);
  }, DELTA_EVERY_MS);
  response.once('close', () => clearInterval(timer));
}

announce(
  createServer((request, response) => {
    answer(request, response).catch((error: unknown) => response.destroy(error instanceof Error ? error : undefined));
  }),
);
