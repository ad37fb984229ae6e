import { expect, test } from '@jest/globals';
import { audit } from './audit.js';
import type { Audit, LedgerRow } from './audit.js';
import type { Known } from './clients.js';
import { makePlan } from './plan.js';
import type { ProviderEntry } from './provider-books.js';

const [action] = makePlan({ seed: 1, durationMs: 1_000, actionsPerSecond: 1, faults: { kill: 0, terminate: 0, away: 0 } }).actions;
const [script] = action!.scripts;
const USAGE = { prompt_tokens: 40, completion_tokens: 7, total_tokens: 47 };
const WORDS = 'Forty characters of an answer, no less. ';

/** What a client has read of an answer. */
function reading(text: string): Known {
  const event = { __typename: 'TextDelta', completionId: '', firstSequence: 0, sequence: 0, at: '', text };
  const known = { ids: new Set<string>(), told: [], troubles: [], resumes: 0, beganMs: 0, end: 'left' } as const;
  return { ...known, action: action!, reading: { events: [event], faults: [] }, told: [], troubles: [] };
}

const sent = (text: string, usage: ProviderEntry['usage'] = null): ProviderEntry => ({
  ...{ tag: action!.tag, script: script!, text, usage },
  ended: 'aborted',
});

/** A row of one attempt: a cancelled call that was left with an estimate, but for what is given. */
function row(
  given: {
    status?: string;
    error_code?: string | null;
    input?: number;
    output?: number;
    usage_source?: string;
    cost_is_exact?: boolean;
  } = {},
): LedgerRow {
  const { error_code, ...attempt } = {
    status: 'CANCELLED',
    error_code: 'CANCELLED',
    input: 5,
    output: 10,
    usage_source: 'ESTIMATED',
    cost_is_exact: true,
    ...given,
  };
  const { input, output, ...both } = attempt;
  return {
    ...both,
    id: '',
    user: action!.tag,
    error_code,
    input: String(input),
    output: String(output),
    attempts: [{ ...attempt, failure: null }],
  };
}

function findingsOf(rows: readonly LedgerRow[], entries: readonly ProviderEntry[], read = ''): Record<keyof Audit, number> {
  const { missing, doubled, wrong } = audit({ knowns: [reading(read)], provider: { of: () => entries, entries }, rows });
  return { missing: missing.length, doubled: doubled.length, wrong: wrong.length };
}

const CLEAN = { missing: 0, doubled: 0, wrong: 0 };

test.each([
  ['an estimate of the words that were read', [row()], [sent(WORDS)], WORDS],
  ['an estimate of some of the words that were sent', [row({ output: 3 })], [sent(WORDS)], 'Forty'],
  ['a crash that lost the last second’s words', [row({ status: 'FAILED', error_code: 'INTERRUPTED', output: 0 })], [sent(WORDS)], ''],
  ['what the provider reported', [row({ usage_source: 'REPORTED', input: 40, output: 7 })], [sent(WORDS, USAGE)], WORDS],
  ['a call that was cancelled before it was accepted', [row({ usage_source: 'NONE', input: 0, output: 0 })], [sent('')], ''],
])('%s is in order', (_, rows, entries, read) => {
  expect(findingsOf(rows, entries, read)).toEqual(CLEAN);
});

test.each([
  ['a request without a row', [], [sent(WORDS)], '', { missing: 1 }],
  ['a request without an attempt', [row()], [sent(WORDS), sent(WORDS)], '', { missing: 1 }],
  ['two rows for one request', [row(), row()], [sent(WORDS)], '', { doubled: 1 }],
  ['nothing billed for words that were read', [row({ usage_source: 'NONE', input: 0, output: 0 })], [sent(WORDS)], WORDS, { wrong: 1 }],
  ['an estimate below what was read', [row({ output: 9 })], [sent(WORDS)], WORDS, { wrong: 1 }],
  ['an estimate above what was sent', [row({ output: 11 })], [sent(WORDS)], WORDS, { wrong: 1 }],
  ['an estimate without its prompt', [row({ input: 0 })], [sent(WORDS)], WORDS, { wrong: 1 }],
  ['a report that nobody made', [row({ usage_source: 'REPORTED', input: 40, output: 7 })], [sent(WORDS)], WORDS, { wrong: 1 }],
  ['a cost that is not its tokens’', [row({ cost_is_exact: false })], [sent(WORDS)], WORDS, { wrong: 2 }],
  ['words that were never sent', [row()], [sent(WORDS)], 'Others', { wrong: 1 }],
  ['a row that still runs', [row({ status: 'RUNNING', error_code: null })], [sent(WORDS)], WORDS, { wrong: 1 }],
])('%s is found', (_, rows, entries, read, found) => {
  expect(findingsOf(rows, entries, read)).toEqual({ ...CLEAN, ...found });
});
