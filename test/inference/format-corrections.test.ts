import { describe, expect, test } from '@jest/globals';
import type { WireFormat } from '../../src/core/vocabulary.js';
import { EACH_VOICE, streamOf, say } from '../contract/voices.js';
import { createHandClient } from './hand-client.js';
import { collect, createStage, deployment, input } from './kit.js';

/** How each vendor says that its model takes no temperature, and where the body had it. */
const REFUSALS: Readonly<Record<WireFormat, { readonly body: object; readonly at: (body: Readonly<Record<string, unknown>>) => unknown }>> =
  {
    OPENAI_CHAT: {
      body: {
        error: {
          message: "Unsupported parameter: 'temperature' is not supported with this model.",
          code: 'unsupported_parameter',
          param: 'temperature',
        },
      },
      at: ({ temperature }) => temperature,
    },
    OPENAI_RESPONSES: {
      body: {
        error: {
          message: "Unsupported parameter: 'temperature' is not supported with this model.",
          type: 'invalid_request_error',
          param: 'temperature',
          code: null,
        },
      },
      at: ({ temperature }) => temperature,
    },
    ANTHROPIC_MESSAGES: {
      body: { type: 'error', error: { type: 'invalid_request_error', message: '`temperature` is deprecated for this model.' } },
      at: ({ temperature }) => temperature,
    },
    GEMINI: {
      body: { error: { code: 400, status: 'INVALID_ARGUMENT', message: 'temperature is not supported for this model.' } },
      at: ({ generationConfig }) => (generationConfig as { temperature?: number } | undefined)?.temperature,
    },
    BEDROCK_CONVERSE: {
      body: { message: 'The model returned the following errors: `temperature` is deprecated for this model.' },
      at: ({ inferenceConfig }) => (inferenceConfig as { temperature?: number } | undefined)?.temperature,
    },
  };

describe.each(EACH_VOICE)('P10 %s', (wireFormat, voice) => {
  const { body, at } = REFUSALS[wireFormat];
  const headers: Readonly<Record<string, string>> = wireFormat === 'BEDROCK_CONVERSE' ? { 'x-amzn-errortype': 'ValidationException' } : {};

  /** An upstream of an opaque name that takes no temperature, and two deployments of it. */
  function stageOf() {
    const hand = createHandClient();
    const named = (slug: string) => deployment({ slug, upstreamModel: 'my-opaque-name', provider: { slug, wireFormat }, model: { slug } });
    const stage = createStage([named('one'), named('other')], { upstream: hand.caller });
    hand.script = (exchange) => {
      if (at(exchange.body) !== undefined) return exchange.json(400, body, headers);
      exchange.begin(voice.contentType);
      exchange.send(...streamOf(voice, say.text(0, 'Hi')));
      exchange.end();
    };
    let keys = 0;
    const ask = async (model: string) => {
      const { completions, request, clock } = stage;
      const asked = { ...request({ input: input({ model, temperature: 0.5 }) }), idempotencyKey: String((keys += 1)), after: -1 };
      const events = collect(await completions.stream(asked));
      await clock.advance(10_000);
      const last = (await events).at(-1);
      return last?.type === 'finished' ? last.completion.record : null;
    };
    return { hand, ask };
  }

  test('a deployment that refuses a field by name is asked once more without it, which is told, and remembered', async () => {
    const { hand, ask } = stageOf();
    const first = await ask('one');
    expect(first?.attempts.map(({ failure }) => failure?.class ?? null)).toEqual(['UNSUPPORTED_PARAMETER', null]);
    expect(first?.warnings).toContainEqual(expect.stringMatching(/^temperature was left out/));
    expect(hand.exchanges.map((exchange) => at(exchange.body))).toEqual([0.5, undefined]);
    const second = await ask('one');
    expect(second?.attempts).toHaveLength(1);
    expect(second?.warnings).toContainEqual(expect.stringMatching(/^temperature was left out/));
    expect(at(hand.exchanges[2]?.body ?? {})).toBeUndefined();
  });

  test('what one deployment refused is offered to another', async () => {
    const { hand, ask } = stageOf();
    await ask('one');
    await ask('other');
    expect(hand.exchanges.map((exchange) => at(exchange.body))).toEqual([0.5, undefined, 0.5, undefined]);
  });
});
