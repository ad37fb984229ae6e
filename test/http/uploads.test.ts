import { createHash } from 'node:crypto';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { buildSchema } from 'graphql';
import { LARGEST_FILE_BYTES, UploadedFile } from '../../src/core/files.js';
import { LIMITS } from '../../src/http/limits.js';
import type { HttpServer } from '../../src/http/server.js';
import { GraphQLUpload } from '../../src/graphql/scalars/index.js';
import { beginForm, formBytes, postForm, uploadParts } from '../kit/forms.js';
import type { Part } from '../kit/forms.js';
import { createManualClock, settled } from '../kit/manual-clock.js';
import type { ManualClock } from '../kit/manual-clock.js';
import { GOOD_KEY, startFixture, type Fixture } from './fixture.js';
import { openReadySocket, subscribeMessage } from './raw-socket.js';

const SDL = /* GraphQL */ `
  scalar Upload
  scalar JSON
  input Recording {
    file: Upload
    name: String
    options: JSON
  }
  type Query {
    hello: String
  }
  type Mutation {
    hash(file: Upload, input: Recording, files: [Upload!]): String
  }
`;

/** A schema whose one mutation tells what came. */
function uploadSchema() {
  const schema = buildSchema(SDL);
  const { parseValue, parseLiteral } = GraphQLUpload;
  Object.assign(schema.getType('Upload') ?? {}, { parseValue, parseLiteral });
  const resolve = (_source: unknown, { file, input, files }: { file?: unknown; input?: { file?: unknown }; files?: unknown[] }) => {
    const given = file ?? input?.file ?? files?.[0];
    if (!(given instanceof UploadedFile)) return 'no file';
    return `${given.name} ${given.mimeType} ${given.bytes.size} ${given.bytes.sha256}`;
  };
  Object.assign(schema.getMutationType()?.getFields()['hash'] ?? {}, { resolve });
  return schema;
}

let fixture: Fixture;

beforeAll(async () => {
  fixture = await startFixture({ schema: uploadSchema() });
});

afterAll(() => fixture.server.close());

const QUERY = 'mutation ($file: Upload) { hash(file: $file) }';
const OPERATIONS = { query: QUERY, variables: { file: null } };
const INPUT = {
  query: 'mutation ($input: Recording, $files: [Upload!]) { hash(input: $input, files: $files) }',
  variables: { input: { file: null, name: null, options: { model: null } }, files: [null] },
};
const shaOf = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('base64');
const post = (parts: readonly Part[], headers?: Record<string, string>) =>
  postForm({ url: fixture.url, key: GOOD_KEY }, formBytes(parts), headers);
const refusal = async (answer: ReturnType<typeof postForm>) => {
  const { status, errors } = await answer;
  return [status, errors?.[0]?.extensions.code, errors?.[0]?.message];
};
const BAD = 'BAD_USER_INPUT';

describe('a file that comes with an operation', () => {
  test('is there whole, with its name and kind, wherever its path leads', async () => {
    const content = Buffer.from('\r\n--a heron\0 ü');
    const told = `heron.wav audio/wav ${content.byteLength} ${shaOf(content)}`;
    expect(await post(uploadParts(OPERATIONS, { content }))).toEqual({ status: 200, data: { hash: told } });
    const listed = { ...INPUT, variables: { files: [null] } };
    expect(await post(uploadParts(listed, { content }, 'variables.files.0'))).toMatchObject({ data: { hash: told } });
    const nested = { ...INPUT, variables: { input: { file: null } } };
    expect(await post(uploadParts(nested, { content }, 'variables.input.file'))).toMatchObject({ data: { hash: told } });
  });

  test('however it is cut into chunks, the same comes of it', async () => {
    const body = formBytes(uploadParts(OPERATIONS, { content: '\r\n--\r\n----glidepath-tes' }));
    const expected = await postForm({ url: fixture.url, key: GOOD_KEY }, body);
    expect(expected.status).toBe(200);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(body.byteLength), { maxLength: 6 }), async (cuts) => {
        const at = [0, ...cuts.sort((left, right) => left - right), body.byteLength];
        const chunks = at.slice(1).map((end, index) => body.subarray(at[index], end));
        const stream = async function* () {
          for (const chunk of chunks) if (chunk.byteLength > 0) yield await Promise.resolve(chunk);
        };
        expect(await postForm({ url: fixture.url, key: GOOD_KEY }, stream())).toEqual(expected);
      }),
      { numRuns: 25 },
    );
  });

  test('what tells no kind, and no name, is null', async () => {
    const { data } = await post(uploadParts(OPERATIONS, { content: 'a', filename: '', type: 'application/octet-stream' }));
    expect(data?.['hash']).toMatch(/^null null 1 /);
  });

  test('an empty map is a plain operation, and events may be asked for', async () => {
    const plain = [{ name: 'operations', content: JSON.stringify(OPERATIONS) }, { name: 'map', content: '{}' }]; // prettier-ignore
    expect(await post(plain)).toEqual({ status: 200, data: { hash: 'no file' } });
    const response = await fetch(fixture.graphqlUrl, {
      method: 'POST',
      headers: {
        ...{ accept: 'text/event-stream', 'x-api-key': GOOD_KEY, 'apollo-require-preflight': '1' },
        'content-type': 'multipart/form-data; boundary=----glidepath-test',
      },
      body: formBytes(uploadParts(OPERATIONS, { content: 'a' })),
    });
    expect(await response.text()).toContain('"hash":"heron.wav audio/wav 1 ');
  });

  test('may have 25 MiB, and not a byte more; the connection goes on after a refusal', async () => {
    const largest = Buffer.alloc(LARGEST_FILE_BYTES, 7);
    expect((await post(uploadParts(OPERATIONS, { content: largest }))).data?.['hash']).toContain(`${LARGEST_FILE_BYTES} ${shaOf(largest)}`);
    const tooLarge = Buffer.alloc(LARGEST_FILE_BYTES + 1);
    expect(await refusal(post(uploadParts(OPERATIONS, { content: tooLarge })))).toEqual([
      ...[413, BAD, `variables.file: the file is larger than ${LARGEST_FILE_BYTES} bytes.`],
    ]);
    expect((await post(uploadParts(OPERATIONS, { content: 'a' }))).status).toBe(200);
  });
});

describe('a form that is refused', () => {
  const operations = { name: 'operations', content: JSON.stringify(OPERATIONS) };
  const map = (content: unknown) => ({ name: 'map', content: typeof content === 'string' ? content : JSON.stringify(content) });
  const file = { name: '0', content: 'RIFF', filename: 'a.wav' };
  const input = { name: 'operations', content: JSON.stringify(INPUT) };
  const ORDER = /must hold `operations`, then `map`, then the file/;
  const polluting = (key: string) => `{"query":${JSON.stringify(QUERY)},"variables":{"${key}":{"file":null}}}`;

  test.each<readonly [string, readonly Part[], RegExp]>([
    ['the map before the operations', [map({ 0: ['variables.file'] }), operations, file], ORDER],
    ['the file before the map', [operations, file, map({ 0: ['variables.file'] })], ORDER],
    ['operations twice', [operations, operations], ORDER],
    ['two maps', [operations, map({ 0: ['variables.file'] }), map({})], /nothing else/],
    ['no map', [operations], /has no `map`/],
    ['nothing', [], /no multipart|has no `operations`/],
    ['operations that are no JSON', [{ ...operations, content: '{' }], /`operations` is not JSON/],
    ['a batch', [{ ...operations, content: JSON.stringify([OPERATIONS]) }], /Batches are not supported/],
    ['no query', [{ ...operations, content: '{}' }], /no `query`/],
    ['a prototype', [{ ...operations, content: polluting('__proto__') }], /`operations` is not JSON/],
    ['a map that is no JSON', [operations, map('[')], /`map` is not JSON/],
    ['a map that is a list', [operations, map([])], /must be a JSON object/],
    ['a map of no lists', [operations, map({ 0: 'variables.file' })], /"0" must be a list of 1 to 10 paths/],
    ['a map of no paths', [operations, map({ 0: [] })], /"0" must be a list/],
    ['a map of a prototype', [operations, map('{"__proto__":["variables.file"]}')], /`map` is not JSON/],
    ['a map of two files', [operations, map({ 0: ['variables.file'], 1: ['variables.file'] })], /more than one file/],
    ['a path twice', [operations, map({ 0: ['variables.file', 'variables.file'] })], /names a path twice/],
    ['a map that is too large', [operations, map({ 0: [`variables.${'x'.repeat(20_000)}`] })], /`map` is too large/],
    ['a path out of the variables', [operations, map({ 0: ['query'] })], /"query" must lead into the variables/],
    ['a path to the variables', [operations, map({ 0: ['variables'] })], /must lead into the variables/],
    ['a path to a prototype', [operations, map({ 0: ['variables.__proto__'] })], /"variables.__proto__" must be null/],
    ['a path through a constructor', [operations, map({ 0: ['variables.constructor.prototype'] })], /must be null/],
    ['a path to nothing', [operations, map({ 0: ['variables.files.0'] })], /"variables.files.0" must be null/],
    ['a path past a list', [input, map({ 0: ['variables.files.1'] })], /must be null/],
    ['a path to a list’s length', [input, map({ 0: ['variables.files.length'] })], /must be null/],
    ['a path to a text', [input, map({ 0: ['variables.input.name'] })], /"variables.input.name" takes no file/],
    ['a path into JSON', [input, map({ 0: ['variables.input.options.model'] })], /takes no file/],
    ['no file', [operations, map({ 0: ['variables.file'] })], /variables.file: its file, "0", did not come/],
    ['another file', [operations, map({ 0: ['variables.file'] }), { ...file, name: '1' }], /says nothing of the file "1"/],
    ['a second file', [operations, map({ 0: ['variables.file'] }), file, file], /More than one file/],
    ['a file under an empty map', [operations, map({}), file], /says nothing of the file "0"/],
    ['a nameless part', [operations, map({ 0: ['variables.file'] }), { ...file, name: '' }], /says nothing of the file/],
    ['base64', [operations, map({ 0: ['variables.file'] }), { ...file, headers: 'content-transfer-encoding: base64\r\n' }], /as it is/],
  ])('%s', async (_name, parts, message) => {
    const [status, code, told] = await refusal(post(parts));
    expect([status === 400 || status === 413, code]).toEqual([true, BAD]);
    expect(told).toMatch(message);
  });

  test('is told what the guard says of its operation, before its file has come', async () => {
    const refused = { query: 'mutation ($file: Upload) { nothing(file: $file) }', variables: { file: null } };
    const whole = formBytes(uploadParts(refused, { content: Buffer.alloc(100_000) }));
    const socket = await beginForm({ url: fixture.url, key: GOOD_KEY }, { promised: whole.byteLength, sent: whole.subarray(0, 2_000) });
    const [answer] = (await once(socket, 'data')) as [Buffer];
    expect(String(answer)).toMatch(/^HTTP\/1.1 400 [^]*GRAPHQL_VALIDATION_FAILED/);
    socket.destroy();
  });

  test('without a key, with a bad one, and where a foreign page could send it', async () => {
    const body = formBytes(uploadParts(OPERATIONS, { content: 'a' }));
    const { url } = fixture;
    expect(await refusal(postForm({ url, key: null }, body))).toEqual([401, 'UNAUTHENTICATED', expect.stringContaining('API key')]);
    expect(await refusal(postForm({ url, key: 'gp_unknown' }, body))).toEqual([401, 'UNAUTHENTICATED', expect.anything()]);
    expect(await refusal(post(uploadParts(OPERATIONS, { content: 'a' }), { 'apollo-require-preflight': '' }))).toEqual([
      ...[400, BAD, expect.stringContaining('Apollo-Require-Preflight')],
    ]);
    const named = { 'apollo-require-preflight': '', 'x-apollo-operation-name': 'Hash' };
    expect((await post(uploadParts(OPERATIONS, { content: 'a' }), named)).status).toBe(200);
  });

  test.each(['multipart/form-data', 'multipart/form-data; boundary='])('of no boundary: %s', async (type) => {
    const answer = postForm({ url: fixture.url, key: GOOD_KEY }, Buffer.from('x'), { 'content-type': type });
    expect(await refusal(answer)).toEqual([400, BAD, expect.anything()]);
  });

  test('that is cut off, at whatever byte', async () => {
    const whole = formBytes(uploadParts(OPERATIONS, { content: 'a recording', filename: 'a.wav' }));
    // What follows the last dashes is no part of it.
    for (let end = 0; end < whole.byteLength - 2; end += 7) {
      const [status, code] = await refusal(postForm({ url: fixture.url, key: GOOD_KEY }, whole.subarray(0, end)));
      expect([end, status, code]).toEqual([end, 400, BAD]);
    }
  });

  test('whatever bytes come, there is an answer', async () => {
    const noise = fc.array(fc.oneof(fc.constantFrom('--', '\r\n', '------glidepath-test', 'content-disposition: form-data; name="map"'), fc.string()), { maxLength: 12 }); // prettier-ignore
    await fc.assert(
      fc.asyncProperty(noise, async (pieces) => {
        const { status } = await postForm({ url: fixture.url, key: GOOD_KEY }, Buffer.from(pieces.join('')));
        expect(status).toBe(400);
      }),
      { numRuns: 50 },
    );
  });
});

test('a socket takes no file', async () => {
  const socket = await openReadySocket(fixture.socketUrl, { authorization: `Bearer ${GOOD_KEY}` });
  for (const file of [{}, 'RIFF', { bytes: { size: 1 }, name: null, mimeType: null }]) {
    socket.send(subscribeMessage('u', QUERY, { file }));
    const { payload } = await socket.next('next');
    expect(JSON.stringify(payload)).toMatch(
      /"Variable \\"\$file\\" got invalid value.*An Upload is a file of a multipart request.*BAD_USER_INPUT/,
    );
  }
  socket.socket.terminate();
});

describe('a sender', () => {
  const whole = formBytes(uploadParts(OPERATIONS, { content: Buffer.alloc(500_000) }));
  const half = { promised: whole.byteLength, sent: whole.subarray(0, 2_000) };

  /** On a server of its own, whose only timer is the one that watches it. */
  async function withHalf(run: (begun: { socket: Socket; clock: ManualClock; server: HttpServer; url: string }) => Promise<void>) {
    const clock = createManualClock();
    const { server, url } = await startFixture({ schema: uploadSchema(), clock });
    try {
      const socket = await beginForm({ url, key: GOOD_KEY }, half);
      while (clock.waiting === 0) await settled();
      await run({ socket, clock, server, url });
    } finally {
      await server.close();
    }
  }

  test('who stalls is told so, and let go', () =>
    withHalf(async ({ socket, clock }) => {
      const told = textOf(socket);
      while (clock.waiting > 0) await clock.advance(1_000);
      expect(await told).toMatch(/^HTTP\/1.1 408 [^]*Nothing came for 10000 ms./);
    }));

  test('waits for a place where too many send at once', () =>
    withHalf(async ({ socket, clock, server, url }) => {
      const others = await Promise.all(Array.from({ length: LIMITS.uploadsAtOnce - 1 }, () => beginForm({ url, key: GOOD_KEY }, half)));
      while (clock.waiting < LIMITS.uploadsAtOnce) await settled();
      const form = formBytes(uploadParts(OPERATIONS, { content: 'a' }));
      expect(await refusal(postForm({ url, key: GOOD_KEY }, form))).toEqual([503, 'SERVICE_UNAVAILABLE', 'Too many files come at once.']);
      for (const one of [socket, ...others]) one.destroy();
      while (clock.waiting > 0) await settled();
      while ((await postForm({ url, key: GOOD_KEY }, form)).status === 503) await settled();
      expect(await server.drain(new Promise(() => undefined))).toBe(0);
    }));

  test('who leaves in the middle leaves nothing behind', () =>
    withHalf(async ({ socket, clock, server }) => {
      socket.destroy();
      while (clock.waiting > 0) await settled();
      expect(await server.drain(new Promise(() => undefined))).toBe(0);
    }));
});

/** All that comes until the connection is closed. */
async function textOf(socket: Socket): Promise<string> {
  let text = '';
  for await (const chunk of socket) text += String(chunk);
  return text;
}
