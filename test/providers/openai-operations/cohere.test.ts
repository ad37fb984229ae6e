import { describe, expect, test } from '@jest/globals';
import { Secret } from '../../../src/core/secret.js';
import { Untranslatable } from '../../../src/providers/contract.js';
import { toOutgoing } from '../../../src/providers/outgoing.js';
import { findPreset } from '../../../src/providers/presets.js';
import { chatApi, makeCall, makeTarget } from '../support.js';
import { embedding, operationOf, reranking } from '../operations-support.js';

const BASE_URL = 'https://api.cohere.com/compatibility/v1';
const TARGET = { preset: 'cohere', baseUrl: BASE_URL, apiKey: new Secret('co-1') };
const EMBED = { ...TARGET, upstreamModel: 'embed-v4.0' };

const vectors = operationOf('OPENAI_CHAT', 'EMBEDDING');
const rankings = operationOf('OPENAI_CHAT', 'RERANK');

/** Where a request goes to. */
function addressOf(request: ReturnType<typeof vectors.request>, target: Parameters<typeof makeTarget>[0]): string {
  const { baseUrl, path } = toOutgoing(request, makeTarget(target), { stream: false });
  return `${baseUrl}${path}`;
}

describe('one key and one address', () => {
  test('serve chat in OpenAI’s form, and vectors and rankings in Cohere’s own', () => {
    expect(findPreset('cohere')?.baseUrl).toBe(BASE_URL);
    const chat = chatApi('OPENAI_CHAT').toRequest(makeCall(), makeTarget(TARGET), { stream: false, refusedParameters: new Set() });
    expect(addressOf(chat, TARGET)).toBe('https://api.cohere.com/compatibility/v1/chat/completions');
    expect(addressOf(vectors.request(embedding(), { target: EMBED }), EMBED)).toBe('https://api.cohere.com/v2/embed');
    const request = rankings.request(reranking(), { target: TARGET });
    expect(addressOf(request, TARGET)).toBe('https://api.cohere.com/v2/rerank');
    expect(request.headers).toEqual({ authorization: 'Bearer co-1' });
  });

  test.each([
    ['https://proxy.test/cohere/compatibility/v1', 'https://proxy.test/cohere/v2/rerank'],
    ['https://proxy.test/cohere', 'https://proxy.test/cohere/v2/rerank'],
    ['https://proxy.test', 'https://proxy.test/v2/rerank'],
  ])('also behind %s', (baseUrl, address) => {
    const target = { ...TARGET, baseUrl };
    expect(addressOf(rankings.request(reranking(), { target }), target)).toBe(address);
  });

  test('a provider of the preset that stood for rankings alone still reaches them', () => {
    const target = { ...TARGET, preset: 'cohere-rerank', baseUrl: 'https://api.cohere.com/v2' };
    expect(findPreset('cohere-rerank')).toBeNull();
    expect(addressOf(rankings.request(reranking(), { target }), target)).toBe('https://api.cohere.com/v2/rerank');
  });
});

describe('vectors', () => {
  test('K4 a minimal call says what the models want to be told in every one', () => {
    const body = {
      ...{ model: 'embed-v4.0', texts: ['one', 'two'], embedding_types: ['float'] },
      truncate: 'NONE',
      input_type: 'search_document',
    };
    expect(vectors.request(embedding(), { target: EMBED })).toMatchObject({ body, warnings: [] });
  });

  test.each([
    ['QUERY', 'search_query'],
    ['DOCUMENT', 'search_document'],
    ['CLASSIFICATION', 'classification'],
    ['CLUSTERING', 'clustering'],
  ] as const)('%s is %s', (purpose, word) => {
    const { body, warnings } = vectors.request(embedding({ purpose, dimensions: 256 }), { target: EMBED });
    expect(body).toMatchObject({ input_type: word, output_dimension: 256 });
    expect(warnings).toEqual([]);
  });

  test('what there is no word for is told', () => {
    const { body, warnings } = vectors.request(embedding({ purpose: 'SIMILARITY', user: 'ann' }), { target: EMBED });
    expect(body).toMatchObject({ input_type: 'search_document' });
    expect(body).not.toHaveProperty('user');
    expect(warnings).toEqual([expect.stringContaining('user was left out'), expect.stringContaining('purpose was left out')]);
  });

  test('more texts than a call takes are refused before anything is sent', () => {
    const texts = Array.from({ length: 97 }, (_, index) => String(index));
    expect(() => vectors.request(embedding({ texts }), { target: EMBED })).toThrow(Untranslatable);
    expect(vectors.request(embedding({ texts: texts.slice(1) }), { target: EMBED }).body['texts']).toHaveLength(96);
  });
});

describe('chat', () => {
  const ask = (call: Parameters<typeof makeCall>[0]) =>
    chatApi('OPENAI_CHAT').toRequest(makeCall(call), makeTarget(TARGET), { stream: false, refusedParameters: new Set() });

  test('a schema goes where the vendor reads it', () => {
    const schema = { type: 'object', properties: { title: { type: 'string' } }, required: ['title'] };
    const { body } = ask({ responseFormat: { kind: 'jsonSchema', name: 'book', schema, strict: true } });
    expect(body['response_format']).toEqual({ type: 'json_object', schema });
  });

  test.each([
    ['NONE', 'none', 0],
    ['HIGH', 'high', 0],
    ['MINIMAL', 'high', 1],
    ['LOW', 'high', 1],
    ['MEDIUM', 'high', 1],
  ] as const)('an effort of %s is sent as %s', (effort, sent, warned) => {
    const { body, warnings } = ask({ reasoning: { effort, maxTokens: null } });
    expect(body['reasoning_effort']).toBe(sent);
    expect(warnings).toHaveLength(warned);
    if (warned > 0) expect(warnings[0]).toContain('reasoning.effort');
  });
});
