import { describe, expect, test } from '@jest/globals';
import { estimateInput } from '../../src/accounting/call-estimate.js';
import { tokensOfText } from '../../src/accounting/token-estimate.js';
import type { AnswerDelta } from '../../src/core/answer.js';
import type { InferenceRecord } from '../../src/core/inference.js';
import { settled } from '../kit/manual-clock.js';
import { createStage, deployment, failure, usage } from './kit.js';
import type { UpstreamCall } from './kit.js';

const WORDS = 'ninechars';
const REPORTED = usage(40, 7);

interface Said {
  readonly reported: boolean;
  readonly output: boolean;
}

/** What an upstream call comes to, after it has said what the cell wants. */
const ENDS = {
  ok: (call: UpstreamCall) => {
    call.say({ type: 'finish', reason: 'STOP', raw: 'stop' }, { type: 'end' });
    call.end();
  },
  'upstream error': (call: UpstreamCall) => call.fail(failure('CONTENT_FILTER')),
  timeout: (call: UpstreamCall) => call.fail(failure('TIMEOUT')),
  'client cancel': null,
  'gateway error': null,
  'end of its time': null,
} as const;

type Outcome = keyof typeof ENDS;

/** What an attempt is billed where the provider reported nothing. */
const UNREPORTED: Readonly<Record<Outcome, { readonly output: 'both'; readonly noOutput: 'prompt' | 'nothing' }>> = {
  ok: { output: 'both', noOutput: 'nothing' },
  'client cancel': { output: 'both', noOutput: 'prompt' },
  'upstream error': { output: 'both', noOutput: 'nothing' },
  timeout: { output: 'both', noOutput: 'nothing' },
  'gateway error': { output: 'both', noOutput: 'prompt' },
  'end of its time': { output: 'both', noOutput: 'prompt' },
};

const STATUS: Readonly<Record<Outcome, string>> = {
  ok: 'SUCCEEDED',
  'client cancel': 'CANCELLED',
  'upstream error': 'FAILED',
  timeout: 'FAILED',
  'gateway error': 'FAILED',
  'end of its time': 'FAILED',
};

async function bookedFor(outcome: Outcome, { reported, output }: Said): Promise<{ row: InferenceRecord; promptTokens: number }> {
  const stage = createStage([deployment()]);
  const { caller, completions, clock, ledger, owner } = stage;
  caller.script = (call) => {
    const said: AnswerDelta[] = [];
    if (output) said.push({ type: 'text', text: WORDS });
    if (reported) said.push({ type: 'usage', usage: REPORTED });
    if (said.length > 0) call.say(...said);
    ENDS[outcome]?.(call);
  };
  const { state } = await completions.start(stage.request());
  await settled();
  if (outcome === 'client cancel') await completions.cancel(owner, state.record.id);
  const stopped = outcome === 'gateway error' ? completions.shutdown(0) : null;
  if (outcome === 'end of its time') await clock.advance(600_000);
  await clock.advance(30_000);
  await stopped;
  const [row, ...others] = ledger.rows;
  const [call] = caller.calls;
  if (!row || !call || others.length > 0) throw new Error('there must be one row');
  return { row, promptTokens: estimateInput(call.call) };
}

const cells = (Object.keys(ENDS) as Outcome[]).flatMap((outcome) =>
  [true, false].flatMap((reported) => [true, false].map((output) => ({ outcome, reported, output }))),
);

describe('S28 every cell of who pays, from the call to its row', () => {
  test.each(cells)('S28 $outcome, usage reported: $reported, output seen: $output', async ({ outcome, reported, output }) => {
    const { row, promptTokens } = await bookedFor(outcome, { reported, output });
    expect(row.status).toBe(STATUS[outcome]);
    expect(row.attempts.length).toBeGreaterThan(0);
    const rule = reported ? 'reported' : output ? UNREPORTED[outcome].output : UNREPORTED[outcome].noOutput;
    const expected = {
      reported: { source: 'REPORTED', input: 40, output: 7 },
      both: { source: 'ESTIMATED', input: promptTokens, output: tokensOfText(WORDS) },
      prompt: { source: 'ESTIMATED', input: promptTokens, output: 0 },
      nothing: { source: 'NONE', input: 0, output: 0 },
    }[rule];
    for (const attempt of row.attempts) expect(attempt.usage).toMatchObject(expected);
    const times = row.attempts.length;
    expect(row.usage).toMatchObject({ ...expected, input: expected.input * times, output: expected.output * times });
    expect(row.cost?.quality).toBe(rule === 'both' || rule === 'prompt' ? 'ESTIMATED' : 'EXACT');
    expect(row.warnings.some((warning) => warning.startsWith('estimated_usage'))).toBe(expected.source === 'ESTIMATED');
    // $1 and $2 a million tokens, in picodollars.
    expect(row.cost?.total).toBe(BigInt(times * (expected.input + 2 * expected.output)) * 1_000_000n);
  });
});
