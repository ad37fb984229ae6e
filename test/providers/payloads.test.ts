import { createServer, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from '@jest/globals';
import { systemClock } from '../../src/core/clock.js';
import { WIRE_FORMAT_ADAPTERS } from '../../src/providers/adapters.js';
import { createUpstreamCaller } from '../../src/providers/caller.js';
import { fileOf } from '../kit/files.js';
import { transcription } from './operations-support.js';
import { callOptions, makeTarget } from './support.js';

const closing: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  await Promise.all(closing.splice(0).map((close) => close()));
});

const BYTES = 24 * 1024 * 1024;

/** Asks an upstream that does to its connection what the test says. */
async function ask(serve: (socket: Socket) => void) {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    serve(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const caller = createUpstreamCaller({ clock: systemClock, adapters: WIRE_FORMAT_ADAPTERS });
  closing.push(() => caller.close(), () => new Promise((resolve) => server.close(resolve))); // prettier-ignore
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
  return caller.ask(transcription({ audio: fileOf(Buffer.alloc(BYTES)) }), makeTarget({ baseUrl }), callOptions());
}

test('a provider that leaves in the middle of a file has not accepted the call', async () => {
  const outcome = await ask((socket) => {
    socket.once('data', () => socket.resetAndDestroy());
  });
  expect(outcome).toMatchObject({ status: 'failed', accepted: false, failure: { class: 'CONNECTION' } });
});

test('one that leaves behind its last byte has', async () => {
  const outcome = await ask((socket) => {
    let size = 0;
    let tail = '';
    socket.on('data', (chunk) => {
      size += chunk.byteLength;
      tail = (tail + chunk.subarray(-4).toString('latin1')).slice(-4);
      // The form's own lines come on top of the file, and end in dashes.
      if (size > BYTES && tail === '--\r\n') socket.resetAndDestroy();
    });
  });
  expect(outcome).toMatchObject({ status: 'failed', accepted: true, failure: { class: 'CONNECTION' } });
});

test('one that answers before the end is heard', async () => {
  const body = JSON.stringify({ error: { message: 'Maximum content size limit exceeded', type: 'invalid_request_error' } });
  const outcome = await ask((socket) => {
    socket.once('data', () => {
      socket.resume();
      socket.write(`HTTP/1.1 413 Too Large\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
    });
  });
  expect(outcome).toMatchObject({ status: 'failed', failure: { httpStatus: 413, detail: expect.stringContaining('content size limit') } });
});
