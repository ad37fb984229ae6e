import { expect, test } from '@jest/globals';
import { fromText, toText } from '../../src/cache/plain-form.js';
import { eventsFrom, storedForm } from '../../src/cache/stored-events.js';
import type { CompletionEvent } from '../../src/core/events.js';
import { newId } from '../../src/core/ids.js';

const completionId = newId('completion');
const at = new Date('2026-11-22T00:00:00Z');

test('a log comes back as it was, with its numbers', () => {
  const events: CompletionEvent[] = [
    { completionId, sequence: 0, at, type: 'text', text: 'one ' },
    { completionId, sequence: 1, at, type: 'toolCall', index: 0, id: 'a', name: 'f', argumentsDelta: '{}' },
  ];
  expect(eventsFrom(fromText(toText(events.map(storedForm))), completionId)).toEqual(events);
});

test.each([null, {}, 'log', [1], [{ at, type: 'unheard of' }], [{ type: 'text', text: 'no time' }]])('%j is no log', (stored) => {
  expect(() => eventsFrom(stored, completionId)).toThrow('no event log');
});
