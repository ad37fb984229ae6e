import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { answerText, isContent } from '../../src/core/answer.js';
import { systemClock } from '../../src/core/clock.js';
import type { CompletionCall } from '../../src/core/completion.js';
import type { JsonValue } from '../../src/core/json.js';
import type { OperationCall } from '../../src/core/operations.js';
import { WIRE_FORMAT_ADAPTERS } from '../../src/providers/adapters.js';
import { createUpstreamCaller } from '../../src/providers/caller.js';
import type { ChatCallOptions, UpstreamCaller } from '../../src/providers/contract.js';
import { startSandbox } from '../../src/providers/sandbox.js';
import type { Sandbox } from '../../src/providers/sandbox.js';
import { sampleOf } from '../../src/providers/schema-sample.js';
import { fileOf } from '../kit/files.js';
import { embedding, image, moderation, reranking, speech, transcription } from './operations-support.js';
import { callOptions, makeCall, makeTarget, message, toolCallPart } from './support.js';

let sandbox: Sandbox;
let caller: UpstreamCaller;

beforeAll(async () => {
  sandbox = await startSandbox({ paceMs: 1 });
  caller = createUpstreamCaller({ clock: systemClock, adapters: WIRE_FORMAT_ADAPTERS });
});

afterAll(async () => {
  await caller.close();
  await sandbox.close();
});

function ask(call: Partial<CompletionCall>, options: Partial<ChatCallOptions> = {}) {
  return caller.chat(makeCall(call), makeTarget({ preset: 'sandbox', baseUrl: sandbox.baseUrl }), callOptions(options));
}

const question = (text: string) => ({ messages: [message('USER', text)] });
const SCHEMA = {
  type: 'object',
  properties: { city: { type: 'string' }, days: { type: 'integer', minimum: 3 } },
  required: ['city', 'days'],
};

describe('the sandbox', () => {
  test('listens on the loopback address only', () => {
    expect(sandbox.baseUrl).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/v1$/);
  });

  test('answers any prompt in several sentences that mention it, in many pieces', async () => {
    let pieces = 0;
    const { answer, status } = await ask(question('Why is the sky blue?'), {
      onDeltas: (deltas) => {
        pieces += deltas.filter(isContent).length;
      },
    });
    expect(status).toBe('succeeded');
    const text = answerText(answer.message) ?? '';
    expect(text).toContain('Why is the sky blue?');
    expect(text.split('. ').length).toBeGreaterThanOrEqual(3);
    expect(pieces).toBeGreaterThan(10);
  });

  test('the same prompt gets the same words and usage, streamed or not, and the usage is by length', async () => {
    const prompt = 'word '.repeat(100);
    const streamed = await ask(question(prompt));
    expect((await ask(question(prompt), { stream: false })).answer).toEqual(streamed.answer);
    expect(streamed.answer.usage).toMatchObject({ input: 125, source: 'REPORTED' });
    expect(streamed.answer.usage?.output).toBe(Math.ceil(Buffer.byteLength(answerText(streamed.answer.message) ?? '') / 4));
  });

  test('keeps to the cap, and says so', async () => {
    const { answer } = await ask({ maxOutputTokens: 5 });
    expect(answer).toMatchObject({ finishReason: 'LENGTH', usage: { output: 5 } });
  });

  test.each([
    [{ kind: 'mode', mode: 'REQUIRED' }, 'weather'],
    [{ kind: 'tool', name: 'clock' }, 'clock'],
  ] as const)('calls a tool where the choice %j asks for it', async (toolChoice, name) => {
    const tools = [
      { name: 'weather', description: null, parameters: SCHEMA, strict: null },
      { name: 'clock', description: null, parameters: null, strict: null },
    ];
    const { answer } = await ask({ tools, toolChoice });
    expect(answer).toMatchObject({ finishReason: 'TOOL_CALLS', message: { parts: [{ kind: 'toolCall', name }] } });
    const [part] = answer.message.parts;
    expect(part?.kind === 'toolCall' && JSON.parse(part.arguments)).toEqual(name === 'weather' ? { city: 'Hello', days: 3 } : {});
  });

  test('goes on in words once the tool has answered', async () => {
    const tools = [{ name: 'weather', description: null, parameters: SCHEMA, strict: null }];
    const messages = [
      message('USER', 'Use weather'),
      message('ASSISTANT', [toolCallPart('a')]),
      message('TOOL', '21 degrees', { toolCallId: 'a' }),
    ];
    const { answer } = await ask({ tools, messages });
    expect(answerText(answer.message)).toContain('21 degrees');
    expect((await ask({ tools, messages: messages.slice(0, 1) })).answer.finishReason).toBe('TOOL_CALLS');
  });

  test('answers in JSON where a format asks for it', async () => {
    const schema = await ask({ responseFormat: { kind: 'jsonSchema', name: 'x', schema: SCHEMA, strict: true } });
    expect(JSON.parse(answerText(schema.answer.message) ?? '')).toEqual({ city: 'Hello', days: 3 });
    const json = await ask({ responseFormat: { kind: 'json' } });
    expect(JSON.parse(answerText(json.answer.message) ?? '')).toMatchObject({ topic: 'Hello' });
  });

  test('close ends an answer that is still being told', async () => {
    const slow = await startSandbox({ paceMs: 100 });
    const outcome = caller.chat(makeCall(), makeTarget({ baseUrl: slow.baseUrl }), callOptions({ onDeltas: () => void slow.close() }));
    const stopped = setTimeout(() => void slow.close(), 200);
    expect(await outcome).toMatchObject({ status: 'failed' });
    clearTimeout(stopped);
  });

  test('survives any text', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'grapheme', minLength: 1 }), async (text) => {
        expect(await ask(question(text.trim() === '' ? 'x' : text), { stream: false })).toMatchObject({ status: 'succeeded' });
      }),
      { numRuns: 25 },
    );
  });
});

describe('sampleOf', () => {
  test.each<[JsonValue, JsonValue]>([
    [{ type: 'string' }, 'T'],
    [{ type: 'string', minLength: 3 }, 'T..'],
    [{ type: 'string', format: 'date' }, '2026-01-01'],
    [{ enum: ['a', 'b'] }, 'a'],
    [{ const: 7 }, 7],
    [{ type: ['null', 'string'] }, null],
    [{ type: 'integer', minimum: 10, multipleOf: 4 }, 12],
    [{ type: 'number', exclusiveMinimum: 0 }, 1],
    [{ type: 'integer', maximum: -2 }, -2],
    [{ type: 'array', items: { type: 'boolean' }, minItems: 2 }, [true, true]],
    [{ anyOf: [{ type: 'null' }, { type: 'string' }] }, null],
    [{ allOf: [{ properties: { a: { const: 1 } } }, { properties: { b: { const: 2 } } }] }, { a: 1, b: 2 }],
    [{ $defs: { City: { type: 'string' } }, type: 'object', properties: { city: { $ref: '#/$defs/City' } } }, { city: 'T' }],
    [true, 'T'],
  ])('%j', (schema, expected) => {
    expect(sampleOf(schema, 'T')).toEqual(expected);
  });

  test('a schema that contains itself comes to an end', () => {
    const tree = { type: 'object', properties: { child: { $ref: '#' }, name: { type: 'string' } }, required: ['name'] };
    expect(JSON.stringify(sampleOf(tree, 'T')).length).toBeLessThan(1_000);
  });
});

describe('the sandbox’s other operations', () => {
  const run = async (call: OperationCall) => {
    const { answer } = await caller.ask(call, makeTarget({ baseUrl: sandbox.baseUrl }), callOptions({ stream: false }));
    if (answer.result === undefined) throw new Error(JSON.stringify(answer.failure));
    return { result: answer.result as unknown as Readonly<Record<string, string | undefined>>, usage: answer.usage };
  };
  const embed = async (texts: readonly string[], dimensions: number | null = null) => {
    const { result, usage } = await run(embedding({ texts, dimensions }));
    return { vectors: result['vectors'] as unknown as readonly (readonly number[])[], usage };
  };
  const similarity = (left: readonly number[] = [], right: readonly number[] = []) =>
    left.reduce((sum, value, index) => sum + value * (right[index] ?? 0), 0);

  test('vectors are the same for the same text, near for texts that share words, and counted', async () => {
    const { vectors, usage } = await embed(['the cat sat', 'a cat sat down', 'interest rates rose']);
    const [cat, other, rates] = vectors;
    expect((await embed(['the cat sat'])).vectors[0]).toEqual(cat);
    expect(similarity(cat, cat)).toBeCloseTo(1, 3);
    expect(similarity(cat, other)).toBeGreaterThan(similarity(cat, rates));
    expect(usage).toMatchObject({ input: 12, source: 'REPORTED' });
    expect((await embed(['x'], 8)).vectors[0]).toHaveLength(8);
  });

  test('verdicts and rankings go by words', async () => {
    expect((await run(moderation({ texts: ['a kind word', 'I will attack you'] }))).result).toMatchObject({
      verdicts: [{ flagged: false }, { flagged: true }],
    });
    const { result, usage } = await run(reranking({ query: 'grey herons', documents: ['a boat', 'grey herons fly'], topN: 1 }));
    expect(result).toMatchObject({ rankings: [{ index: 1, score: 1 }] });
    expect(usage).toMatchObject({ source: 'REPORTED' });
  });

  test('pictures and recordings are files that can be opened, each its own', async () => {
    const { result, usage } = await run(image({ count: 2 }));
    const images = result['images'] as unknown as readonly { readonly base64: string }[];
    const bytes = images.map(({ base64 }) => Buffer.from(base64, 'base64'));
    for (const one of bytes) expect(one.subarray(1, 4).toString('latin1')).toBe('PNG');
    expect(bytes[0]?.equals(bytes[1] ?? Buffer.alloc(0))).toBe(false);
    expect(usage?.units).toEqual({ IMAGE: 2 });
    const spoken = (await run(speech({ text: 'one two three four' }))).result;
    const wav = Buffer.from(spoken['base64'] ?? '', 'base64');
    expect([spoken['mimeType'], wav.subarray(0, 4).toString('latin1'), wav.readUInt32LE(40)]).toEqual([
      'audio/wav',
      'RIFF',
      wav.byteLength - 44,
    ]);
    const heard = await run(transcription({ audio: fileOf(wav, { mimeType: 'audio/wav' }) }));
    expect(heard.result).toMatchObject({ durationSeconds: 1, segments: [{ startSeconds: 0, endSeconds: 1 }] });
    expect(heard.usage?.units).toEqual({ SECOND: 1 });
    const bytesPerSecondAt = 28;
    wav.writeUInt32LE(3_000, bytesPerSecondAt);
    const slower = await run(transcription({ audio: fileOf(wav, { mimeType: 'audio/wav' }) }));
    expect(slower.usage?.units).toEqual({ SECOND: Math.ceil((wav.byteLength - 44) / 3_000) });
  });

  test('a request without its one needful field is refused', async () => {
    const options = { OPENAI_CHAT: { input: null } };
    const { failure } = await caller.ask(
      embedding({ providerOptions: options }),
      makeTarget({ baseUrl: sandbox.baseUrl }),
      callOptions({ stream: false }),
    );
    expect(failure).toMatchObject({ class: 'CALLER', httpStatus: 400 });
  });
});
