import { describe, expect, test } from '@jest/globals';
import type { EmbeddingCreateParams } from 'openai/resources/embeddings';
import { Secret } from '../../../src/core/secret.js';
import { UnreadableBody } from '../../../src/providers/contract.js';
import { embedding, operationOf } from '../operations-support.js';

const { request, answer } = operationOf('OPENAI_CHAT', 'EMBEDDING');

describe('the request', () => {
  test('K4 a minimal call is a minimal body, and the key travels in a header', () => {
    const body: EmbeddingCreateParams = { model: 'acme-large', input: ['one', 'two'] };
    expect(request(embedding(), { target: { apiKey: new Secret('sk-1') } })).toEqual({
      ...{ path: '/embeddings', headers: { authorization: 'Bearer sk-1' }, body, warnings: [] },
    });
  });

  test('the same call is the same bytes, with what the caller passes on as it is at the end', () => {
    const call = embedding({ dimensions: 64, user: 'ann', providerOptions: { acme: { encoding_format: 'float' } } });
    const body: EmbeddingCreateParams = {
      model: 'acme-large',
      input: ['one', 'two'],
      dimensions: 64,
      user: 'ann',
      encoding_format: 'float',
    };
    expect(JSON.stringify(request(call).body)).toBe(JSON.stringify(body));
  });

  test('what a vendor has no field for is told, and never the texts themselves', () => {
    const { body, warnings } = request(embedding({ purpose: 'QUERY', user: 'ann', dimensions: 8 }), {
      target: { preset: 'mistral' },
      refused: ['input', 'model'],
    });
    expect(body).toEqual({ model: 'acme-large', input: ['one', 'two'], output_dimension: 8 });
    expect(warnings.join('\n')).toMatch(/user was left out[^]*purpose was left out/);
  });

  test('what this deployment has refused is left out from then on, and told', () => {
    const { body, warnings } = request(embedding({ dimensions: 8 }), { refused: ['dimensions'] });
    expect(body).toEqual({ model: 'acme-large', input: ['one', 'two'] });
    expect(warnings).toEqual([expect.stringContaining('dimensions was left out')]);
  });
});

describe('the answer', () => {
  const vector = (index: number, values: unknown) => ({ object: 'embedding', index, embedding: values }) as never;

  test('vectors stand in the order of their texts, whatever order they come in', () => {
    const { result, usage, ended } = answer(
      { data: [vector(1, [3, 4]), vector(0, [1, 2])], usage: { prompt_tokens: 5, total_tokens: 5 } },
      embedding(),
    );
    expect(result).toEqual({ operation: 'EMBEDDING', vectors: [[1, 2], [3, 4]] }); // prettier-ignore
    expect(usage).toMatchObject({ input: 5, source: 'REPORTED', raw: { prompt_tokens: 5, total_tokens: 5 }, inconsistent: false });
    expect(ended).toBe(true);
  });

  test('base64 is read as little-endian floats', () => {
    const bytes = Buffer.alloc(8);
    bytes.writeFloatLE(0.5, 0);
    bytes.writeFloatLE(-2, 4);
    const { result } = answer({ data: [vector(0, bytes.toString('base64'))] }, embedding({ texts: ['one'] }));
    expect(result?.operation === 'EMBEDDING' && result.vectors).toEqual([[0.5, -2]]);
  });

  test.each([
    ['a total alone', { total_tokens: 9 }, 9],
    ['Ollama’s', { prompt_tokens: 3, total_tokens: 3 }, 3],
    ['none', null, null],
  ])('usage: %s', (_name, usage, tokens) => {
    const { usage: read } = answer({ data: [vector(0, [1])], usage }, embedding({ texts: ['one'] }));
    expect(read?.input ?? null).toBe(tokens);
  });

  test.each([
    ['no object', []],
    ['no list', { object: 'list' }],
    ['too few', { data: [vector(0, [1])] }],
    ['no numbers', { data: [vector(0, ['a']), vector(1, [1])] }],
    ['an empty vector', { data: [vector(0, []), vector(1, [1])] }],
  ])('what is no answer to the call is unreadable: %s', (_name, body) => {
    expect(() => answer(body, embedding())).toThrow(UnreadableBody);
  });

  test('an error inside a 200 is a failure', () => {
    expect(answer({ error: { message: 'overloaded', code: 'overloaded' } }, embedding()).failure?.class).toBe('OVERLOADED');
  });
});
