import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { JsonObject, JsonValue } from '../core/json.js';
import { listOf, numberOf, objectOf, parseJson, textOf } from './json-read.js';
import { picture, recording, secondsOfRecording } from './sandbox-media.js';

/** What a request to one of the sandbox's endpoints is answered with: the same for the same request. */
type SandboxAnswer = { readonly status: number } & ({ readonly body: JsonObject } | { readonly bytes: Uint8Array; readonly type: string });

const ANSWERS: ReadonlyMap<string, (request: JsonObject, bytes: Buffer) => SandboxAnswer> = new Map([
  ['/v1/embeddings', embeddings],
  ['/v1/moderations', moderations],
  ['/v1/rerank', rerank],
  ['/v1/images/generations', images],
  ['/v1/audio/speech', speech],
  ['/v1/audio/transcriptions', transcriptions],
]);

/** Answers what is no chat; false where it is one. */
export function answerOperation(request: IncomingMessage, response: ServerResponse): boolean {
  const answer = ANSWERS.get((request.url ?? '').split('?')[0] ?? '');
  if (answer === undefined || request.method !== 'POST') return false;
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const bytes = Buffer.concat(chunks);
    const isJson = request.headers['content-type']?.includes('json') === true;
    const answered = answer(isJson ? objectOf(parseJson(bytes.toString('utf8'))) : {}, bytes);
    response.writeHead(answered.status, { 'content-type': 'type' in answered ? answered.type : 'application/json' });
    response.end('bytes' in answered ? answered.bytes : JSON.stringify(answered.body));
  });
  return true;
}

function ok(body: JsonObject): SandboxAnswer {
  return { status: 200, body };
}

function missing(param: string): SandboxAnswer {
  return {
    status: 400,
    body: { error: { message: `Missing required parameter: ${param}`, type: 'invalid_request_error', param, code: null } },
  };
}

const BYTES_PER_TOKEN = 4;

function usageOf(texts: readonly string[]): JsonObject {
  const tokens = texts.reduce((sum, text) => sum + Math.max(1, Math.ceil(Buffer.byteLength(text) / BYTES_PER_TOKEN)), 0);
  return { prompt_tokens: tokens, total_tokens: tokens };
}

function textsOf(input: JsonValue | undefined): readonly string[] | null {
  if (typeof input === 'string') return [input];
  const texts = listOf(input).filter((text) => typeof text === 'string');
  return texts.length > 0 && texts.length === listOf(input).length ? texts : null;
}

const USUAL_DIMENSIONS = 256;
const MOST_DIMENSIONS = 4_096;

function embeddings(request: JsonObject): SandboxAnswer {
  const texts = textsOf(request['input']);
  if (texts === null) return missing('input');
  const dimensions = Math.min(Math.max(1, Math.trunc(numberOf(request['dimensions']) ?? USUAL_DIMENSIONS)), MOST_DIMENSIONS);
  const data = texts.map((text, index) => ({ object: 'embedding', index, embedding: vectorOf(text, dimensions) }));
  return ok({ object: 'list', model: request['model'] ?? 'sandbox', data, usage: usageOf(texts) });
}

/** A hashed bag of words of length one: texts that share words are near each other, as with a real model. */
function vectorOf(text: string, dimensions: number): number[] {
  const sums = new Array<number>(dimensions).fill(0);
  for (const word of wordsOf(text)) {
    const hash = createHash('sha256').update(word).digest();
    const place = hash.readUInt32BE(0) % dimensions;
    sums[place] = (sums[place] ?? 0) + ((hash[4] ?? 0) % 2 === 0 ? 1 : -1);
  }
  const length = Math.hypot(...sums) || 1;
  return sums.map((sum) => Number((sum / length).toFixed(6)));
}

function wordsOf(text: string): readonly string[] {
  const words = text.toLowerCase().match(/[\p{L}\p{N}]+/gu);
  return words ?? [text];
}

/** Words that stand for what a real model would look for. */
const CATEGORIES: Readonly<Record<string, readonly string[]>> = {
  hate: ['hate', 'hates', 'despise'],
  violence: ['kill', 'attack', 'bomb', 'weapon'],
  'self-harm': ['suicide'],
};

function moderations(request: JsonObject): SandboxAnswer {
  const texts = textsOf(request['input']);
  if (texts === null) return missing('input');
  const results = texts.map((text) => {
    const words = new Set(wordsOf(text));
    const found = Object.entries(CATEGORIES).map(([name, signs]) => [name, signs.some((sign) => words.has(sign))] as const);
    return {
      flagged: found.some(([, flagged]) => flagged),
      categories: Object.fromEntries(found),
      category_scores: Object.fromEntries(found.map(([name, flagged]) => [name, flagged ? 0.95 : 0.01])),
    };
  });
  return ok({ id: 'modr-sandbox', model: request['model'] ?? 'sandbox', results, usage: usageOf(texts) });
}

/** By the share of the query's words that a document has. */
function rerank(request: JsonObject): SandboxAnswer {
  const documents = textsOf(request['documents']);
  const query = textOf(request['query']);
  if (documents === null) return missing('documents');
  if (query === null) return missing('query');
  const wanted = [...new Set(wordsOf(query))];
  const scored = documents.map((document, index) => {
    const words = new Set(wordsOf(document));
    const shared = wanted.filter((word) => words.has(word)).length;
    return { index, relevance_score: Number((shared / wanted.length).toFixed(6)) };
  });
  const results = scored
    .sort((left, right) => right.relevance_score - left.relevance_score)
    .slice(0, numberOf(request['top_n']) ?? undefined);
  return ok({ results, usage: usageOf([query, ...documents]) });
}

const MOST_IMAGES = 10;

function images(request: JsonObject): SandboxAnswer {
  const prompt = textOf(request['prompt']);
  if (prompt === null) return missing('prompt');
  const count = Math.min(Math.max(1, Math.trunc(numberOf(request['n']) ?? 1)), MOST_IMAGES);
  const data = Array.from({ length: count }, (_, index) => ({ b64_json: picture(`${prompt} ${String(index)}`).toString('base64') }));
  return ok({ created: 0, output_format: 'png', data });
}

function speech(request: JsonObject): SandboxAnswer {
  const input = textOf(request['input']);
  return input === null ? missing('input') : { status: 200, bytes: recording(input), type: 'audio/wav' };
}

/** Nobody listens here: what is told is how much was sent. */
function transcriptions(_request: JsonObject, bytes: Buffer): SandboxAnswer {
  const seconds = secondsOfRecording(bytes);
  const text = `This is the sandbox: it heard a recording of about ${String(seconds)} seconds, and listens to none.`;
  return ok({
    text,
    language: 'english',
    duration: seconds,
    segments: [{ id: 0, start: 0, end: seconds, text }],
    usage: { type: 'duration', seconds },
  });
}
