import { describe, expect, test } from '@jest/globals';
import type { AttemptStart, CallJournal } from '../../../src/accounting/journal/contract.js';
import type { Deployment } from '../../../src/core/catalogue.js';
import { parseUsd } from '../../../src/core/money.js';
import type { InferenceCall } from '../../../src/core/operations.js';
import type { RawCompletionInput } from '../../../src/inference/contract.js';
import { collect, createStage, deployment, failure, input, STAYS, textOf, typesOf, usage } from '../kit.js';
import type { UpstreamCall } from '../kit.js';

const schema = {
  type: 'object',
  properties: { total: { type: 'number' }, note: { type: 'string' } },
  required: ['total'],
  additionalProperties: false,
};
const asked = (fields: Partial<RawCompletionInput> = {}) => input({ responseFormat: { jsonSchema: { name: 'bill', schema } }, ...fields });
const FITS = '{"total":3}';
const MISFITS = '{"total":"three"}';

async function until(done: () => boolean): Promise<void> {
  while (!done()) await new Promise((resolve) => setImmediate(resolve));
}

const repairing = (fields: Partial<Deployment> = {}) => deployment({ structuredOutputRepair: true, ...fields });

/** A stage whose upstream gives these answers, one after the other. */
function stageWith(answers: readonly (string | ((call: UpstreamCall) => void))[], deployments = [repairing()]) {
  const stage = createStage(deployments);
  stage.caller.script = (call, index) => {
    const answer = answers[index];
    if (answer === undefined) throw new Error('one call too many');
    if (typeof answer === 'string') call.answer(answer, usage(10 + index, 5 + index));
    else answer(call);
  };
  const complete = async (fields: Partial<RawCompletionInput> = {}) => {
    const { state } = await stage.completions.complete(stage.request({ input: asked(fields) }), STAYS);
    return { ...state.record, text: state.message?.parts.map((part) => (part.kind === 'text' ? part.text : '')).join('') };
  };
  const stream = async (fields: Partial<RawCompletionInput> = {}) =>
    collect(
      await stage.completions.stream({ ...stage.request({ input: asked(fields), idempotencyKey: 'k' }), idempotencyKey: 'k', after: -1 }),
    );
  return { ...stage, complete, stream };
}

const messagesOf = (call: InferenceCall | undefined) =>
  call && 'messages' in call
    ? call.messages.map(({ role, parts }) => [role, parts.map((part) => (part.kind === 'text' ? part.text : ''))])
    : [];

describe('what an answer has to fit', () => {
  test('is told where it does not, and nobody is asked again where the deployment does not say so', async () => {
    const { complete, caller, ledger } = stageWith([MISFITS], [deployment()]);
    const row = await complete();
    expect(row).toMatchObject({ status: 'SUCCEEDED', text: MISFITS, finishReason: 'STOP' });
    expect(row.warnings).toEqual(['schema_mismatch: the answer does not fit responseFormat.jsonSchema.schema: type at /total']);
    expect(caller.calls).toHaveLength(1);
    expect(ledger.rows).toHaveLength(1);
  });

  test('is not mentioned where it does', async () => {
    const { complete, caller } = stageWith([FITS]);
    expect(await complete()).toMatchObject({ text: FITS, warnings: [] });
    expect(caller.calls).toHaveLength(1);
  });

  test('is the vendor’s care where it vouches for it', async () => {
    const { complete, caller } = stageWith([
      (call) => {
        call.options.onAsked?.(true);
        call.answer(MISFITS);
      },
    ]);
    expect(await complete()).toMatchObject({ text: MISFITS, warnings: [] });
    expect(caller.calls).toHaveLength(1);
  });

  test('is no question of words that were cut, refused, or call a tool', async () => {
    const { complete, caller } = stageWith([
      (call) => {
        call.say({ type: 'text', text: '{"to' }, { type: 'finish', reason: 'LENGTH', raw: 'length' }, { type: 'end' });
        call.end();
      },
      (call) => {
        call.say({ type: 'refusal', text: 'no' }, { type: 'finish', reason: 'STOP', raw: 'stop' }, { type: 'end' });
        call.end();
      },
      (call) => {
        const calls = { type: 'toolCall', index: 0, id: 'a', name: 'f', argumentsDelta: '{}' } as const;
        call.say(calls, { type: 'finish', reason: 'TOOL_CALLS', raw: 'tool_calls' }, { type: 'end' });
        call.end();
      },
    ]);
    for (const finishReason of ['LENGTH', 'STOP', 'TOOL_CALLS']) {
      const row = await complete();
      expect(row.finishReason).toBe(finishReason);
      expect(row.warnings.filter((warning) => warning.startsWith('schema_'))).toEqual([]);
    }
    expect(caller.calls).toHaveLength(3);
  });

  test('is refused before anybody is called where it is no schema, and the field is named', async () => {
    const { completions, request, caller, ledger } = stageWith([]);
    const broken = { jsonSchema: { name: 'bill', schema: { type: 'object', properties: { a: { type: 'strnig' } } } } };
    const { error } = await completions.complete(request({ input: asked({ responseFormat: broken }) }), STAYS);
    expect(error).toMatchObject({ code: 'INVALID_REQUEST' });
    expect(error?.problems).toEqual([
      { path: 'responseFormat.jsonSchema.schema.properties.a.type', message: expect.stringContaining('allowed values') },
    ]);
    expect(caller.calls).toHaveLength(0);
    expect(ledger.rows).toMatchObject([{ status: 'BLOCKED', cost: { total: 0n } }]);
    expect(completions.estimate(request().principal, asked({ responseFormat: broken }))).toMatchObject({
      ok: false,
      error: { code: 'INVALID_REQUEST' },
    });
  });
});

describe('a repair', () => {
  test('asks the same deployment once more, and both are on the bill', async () => {
    const { complete, caller, ledger } = stageWith([MISFITS, FITS]);
    const row = await complete();
    expect(row).toMatchObject({ status: 'SUCCEEDED', text: FITS, usage: { input: 21, output: 11 }, error: null });
    expect(row.cost?.total).toBe(parseUsd('0.000043'));
    expect(row.warnings).toEqual([expect.stringMatching(/^schema_repaired: .*type at \/total\. Usage and cost are those of both$/)]);
    expect(row.attempts.map(({ index, status, usage: used }) => [index, status, used?.input])).toEqual([
      [0, 'SUCCEEDED', 10],
      [1, 'SUCCEEDED', 11],
    ]);
    expect(row.attempts.map(({ reason }) => reason)).toEqual([undefined, expect.stringContaining('type at /total')]);
    expect(ledger.rows).toHaveLength(1);
    expect(caller.calls.map(({ target }) => target.deploymentId)).toEqual([caller.calls[0]?.target.deploymentId, row.served?.deploymentId]);
    expect(messagesOf(caller.calls[1]?.call)).toEqual([
      ['USER', ['Hello']],
      ['ASSISTANT', [MISFITS]],
      ['USER', [expect.stringContaining('/total must be number')]],
    ]);
  });

  test('that does not fit either leaves the first answer, and is the last', async () => {
    const { complete, caller } = stageWith([MISFITS, 'sorry']);
    const row = await complete();
    expect(row).toMatchObject({ status: 'SUCCEEDED', text: MISFITS, usage: { input: 21, output: 11 } });
    expect(row.warnings).toEqual([expect.stringMatching(/^schema_mismatch: .*type at \/total\. .*second answer does not fit either$/)]);
    expect(row.attempts.map(({ index }) => index)).toEqual([0, 1]);
    expect(caller.calls).toHaveLength(2);
  });

  test('that fails is not tried again, and the first answer stands', async () => {
    const { complete, caller } = stageWith([MISFITS, (call) => call.fail(failure('OVERLOADED', { httpStatus: 503 }))]);
    const row = await complete();
    expect(row).toMatchObject({ status: 'SUCCEEDED', text: MISFITS, finishReason: 'STOP', error: null, usage: { input: 10, output: 5 } });
    expect(row.warnings).toEqual([expect.stringContaining('could not be asked again')]);
    expect(row.attempts.map(({ index, failure: cause }) => [index, cause?.class ?? null])).toEqual([
      [0, null],
      [1, 'OVERLOADED'],
    ]);
    expect(caller.calls).toHaveLength(2);
  });

  test('is not tried where it could cost more than maxCost allows', async () => {
    const { complete, caller } = stageWith([MISFITS]);
    const row = await complete({ maxCost: '0.001', maxOutputTokens: 500 });
    expect(row).toMatchObject({ status: 'SUCCEEDED', text: MISFITS });
    expect(row.warnings).toEqual([expect.stringContaining('maxCost')]);
    expect(caller.calls).toHaveLength(1);
  });

  test('within maxCost has a cap, so that it stays there', async () => {
    const { complete, caller } = stageWith([MISFITS, FITS]);
    expect(await complete({ maxCost: '0.02' })).toMatchObject({ text: FITS });
    expect(caller.calls.map(({ call }) => 'maxOutputTokens' in call && call.maxOutputTokens)).toEqual([null, 4_096]);
  });

  test('ends with the call’s time, and the first answer stands', async () => {
    const { complete, caller, clock } = stageWith([MISFITS, () => undefined]);
    const outcome = complete({ timeoutMs: 10_000 });
    await until(() => caller.calls.length === 2);
    await clock.advance(10_000);
    const row = await outcome;
    expect(row).toMatchObject({ status: 'SUCCEEDED', text: MISFITS, error: null });
    expect(row.attempts.map(({ status }) => status)).toEqual(['SUCCEEDED', 'CANCELLED']);
    expect(row.usage?.input).toBeGreaterThan(20);
  });

  test('whose caller has left is read on where the deployment drains, for the books', async () => {
    const { completions, request, caller, ledger } = stageWith([MISFITS, () => undefined], [repairing({ onCancel: 'DRAIN' })]);
    const reader = new AbortController();
    const outcome = completions.complete(request({ input: asked() }), reader.signal);
    await until(() => caller.calls.length === 2);
    reader.abort();
    expect(await outcome).toMatchObject({ error: { code: 'CANCELLED' } });
    expect([caller.calls[1]?.aborted, ledger.rows.length]).toEqual([false, 0]);
    caller.calls[1]?.answer(FITS, usage(30, 6));
    await until(() => ledger.rows.length === 1);
    expect(ledger.rows).toMatchObject([
      { status: 'CANCELLED', usage: { input: 40, output: 11 }, attempts: [{ index: 0 }, { index: 1, reason: expect.any(String) }] },
    ]);
  });

  test('ends with its caller', async () => {
    const { completions, request, caller, ledger } = stageWith([MISFITS, () => undefined]);
    const reader = new AbortController();
    const outcome = completions.complete(request({ input: asked() }), reader.signal);
    await until(() => caller.calls.length === 2);
    reader.abort();
    expect(await outcome).toMatchObject({ error: { code: 'CANCELLED' } });
    expect(caller.calls[1]?.aborted).toBe(true);
    expect(ledger.rows).toMatchObject([{ status: 'CANCELLED', attempts: [{ status: 'SUCCEEDED' }, { status: 'CANCELLED' }] }]);
  });
});

describe('should the process die', () => {
  test('while a repair runs, the journal bills both', async () => {
    const starts: AttemptStart[] = [];
    const journal: CallJournal = {
      attemptStarted(start) {
        starts.push(start);
        return { deltas: () => undefined };
      },
    };
    const stage = createStage([repairing()], { journal });
    stage.caller.script = (call) => call.answer(MISFITS, usage(10, 5));
    await stage.completions.complete(stage.request({ input: asked() }), STAYS);
    expect(starts.map(({ attempt, earlier }) => [attempt.index, earlier.map((one) => one.usage?.input)])).toEqual([
      [0, []],
      [1, [10]],
    ]);
    expect(starts[1]?.attempt.reason).toContain('type at /total');
    expect(starts[1]?.promptTokens).toBeGreaterThan((starts[0]?.promptTokens ?? 0) + 20);
  });
});

describe('a stream', () => {
  const inPieces = (text: string) => (call: UpstreamCall) => {
    for (const piece of text.match(/.{1,4}/gs) ?? []) call.say({ type: 'text', text: piece });
    call.say({ type: 'finish', reason: 'STOP', raw: 'stop' }, { type: 'usage', usage: usage(10, 5) }, { type: 'end' });
    call.end();
  };

  test.each([
    { name: 'that fits', answers: [FITS], text: FITS },
    { name: 'that is repaired', answers: [MISFITS, FITS], text: FITS },
    { name: 'that can’t be repaired', answers: [MISFITS, MISFITS], text: MISFITS },
  ])('$name says the same as one answer', async ({ answers, text }) => {
    const unary = await stageWith(answers.map(inPieces)).complete();
    const events = await stageWith(answers.map(inPieces)).stream();
    const last = events.at(-1);
    if (last?.type !== 'finished') throw new Error('did not finish');
    const { record, message } = last.completion;
    expect(textOf(events)).toBe(text);
    expect(message?.parts).toMatchObject([{ kind: 'text', text }]);
    expect([record.usage, record.cost, record.warnings]).toEqual([unary.usage, unary.cost, unary.warnings]);
    expect(unary.text).toBe(text);
    const steps = typesOf(events).filter((type, at, all) => type !== all[at - 1]);
    expect(steps).toEqual(['started', ...(answers.length > 1 ? ['rerouted'] : []), 'text', 'usage', 'finished']);
  });

  test('says nothing before it is judged, where it may be repaired', async () => {
    const { completions, request, caller, clock } = createStage([repairing()]);
    const events = await completions.stream({ ...request({ input: asked() }), idempotencyKey: 'k', after: -1 });
    await events.next();
    const heard: unknown[] = [];
    const next = events.next().then(({ value }) => heard.push(value));
    await until(() => caller.calls.length === 1);
    caller.calls[0]?.say({ type: 'text', text: FITS });
    await clock.advance(1_000);
    expect(heard).toEqual([]);
    caller.calls[0]?.say({ type: 'finish', reason: 'STOP', raw: 'stop' }, { type: 'end' });
    caller.calls[0]?.end();
    await next;
    expect(heard).toMatchObject([{ type: 'text', text: FITS }]);
    await events.return?.(undefined);
  });

  test('flows where the vendor vouches for it, or the deployment does not repair', async () => {
    for (const [on, vouches] of [
      [repairing(), true],
      [deployment(), false],
    ] as const) {
      const { completions, request, caller } = createStage([on]);
      const events = await completions.stream({ ...request({ input: asked() }), idempotencyKey: 'k', after: -1 });
      await events.next();
      const next = events.next();
      await until(() => caller.calls.length === 1);
      caller.calls[0]?.options.onAsked?.(vouches);
      caller.calls[0]?.say({ type: 'text', text: '{"tot' });
      expect((await next).value).toMatchObject({ type: 'text', text: '{"tot' });
      await events.return?.(undefined);
    }
  });
});
