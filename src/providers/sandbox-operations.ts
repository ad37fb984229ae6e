import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { JsonObject, JsonValue } from '../core/json.js';
import { listOf, numberOf, objectOf, parseJson } from './json-read.js';

/** What a request to one of the sandbox's endpoints is answered with: the same for the same request. */
export type SandboxAnswer = { readonly status: number; readonly body: JsonObject };

const ANSWERS: ReadonlyMap<string, (request: JsonObject) => SandboxAnswer> = new Map([['/v1/embeddings', embeddings]]);

/** Answers what is no chat; false where it is one. */
export function answerOperation(request: IncomingMessage, response: ServerResponse): boolean {
  const answer = ANSWERS.get((request.url ?? '').split('?')[0] ?? '');
  if (answer === undefined || request.method !== 'POST') return false;
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const { status, body } = answer(objectOf(parseJson(Buffer.concat(chunks).toString('utf8'))));
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(body));
  });
  return true;
}

function refused(message: string, param: string): SandboxAnswer {
  return { status: 400, body: { error: { message, type: 'invalid_request_error', param, code: null } } };
}

const BYTES_PER_TOKEN = 4;

export function sandboxTokens(text: string): number {
  return Math.max(1, Math.ceil(Buffer.byteLength(text) / BYTES_PER_TOKEN));
}

const USUAL_DIMENSIONS = 256;
const MOST_DIMENSIONS = 4_096;

function embeddings(request: JsonObject): SandboxAnswer {
  const texts = textsOf(request['input']);
  if (texts === null) return refused('Missing required parameter: input', 'input');
  const dimensions = Math.min(Math.max(1, Math.trunc(numberOf(request['dimensions']) ?? USUAL_DIMENSIONS)), MOST_DIMENSIONS);
  const data = texts.map((text, index) => ({ object: 'embedding', index, embedding: vectorOf(text, dimensions) }));
  const tokens = texts.reduce((sum, text) => sum + sandboxTokens(text), 0);
  const usage = { prompt_tokens: tokens, total_tokens: tokens };
  return { status: 200, body: { object: 'list', model: request['model'] ?? 'sandbox', data, usage } };
}

function textsOf(input: JsonValue | undefined): readonly string[] | null {
  if (typeof input === 'string') return [input];
  const texts = listOf(input).filter((text) => typeof text === 'string');
  return texts.length > 0 && texts.length === listOf(input).length ? texts : null;
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
