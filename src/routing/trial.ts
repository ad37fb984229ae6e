import { newId } from '../core/ids.js';
import type { Reading } from './definition-reading.js';
import type { Facts } from './facts.js';

const AT = new Date('2026-01-01T12:00:00Z');

const NOTHING_SET: Facts = {
  operation: 'COMPLETION',
  ...{ apiKeyId: newId('key'), teamId: null, task: null, user: null, sessionId: null, tags: [], inputTokens: 0, at: AT },
  ...{ hasTools: false, hasImages: false, needs: [], region: null, preferences: null },
};

const ALL_SET: Facts = {
  ...{ ...NOTHING_SET, teamId: newId('team'), task: 'CHAT', user: 'user', sessionId: 'session', inputTokens: 1_000 },
  ...{ tags: [{ key: 'plan', value: 'free' }], hasTools: true, hasImages: true, region: 'eu' },
};

/** A condition must parse, type-check, decide for calls with nothing and with everything set, and not decide all of them alike by itself. */
export function checkCondition(source: string, path: string, { checks, conditions }: Reading): void {
  if (source === '') return checks.add(path, 'must not be empty');
  if (source === 'false') return checks.add(path, 'is never true: its branch can’t be reached');
  const compiled = conditions.compile(source);
  if ('problem' in compiled) return checks.add(path, compiled.problem);
  for (const [facts, when] of [
    [NOTHING_SET, 'nothing is set'],
    [ALL_SET, 'everything is set'],
  ] as const) {
    const verdict = compiled.condition(facts);
    if (typeof verdict === 'object') return checks.add(path, `fails where ${when}: ${verdict.failed}`);
  }
}
