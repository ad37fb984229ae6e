import { expect, test } from '@jest/globals';
import { bookingFromRows, bookingOf } from '../../src/accounting/booking.js';
import type { InferenceRow } from '../../src/accounting/ledger-rows.js';
import { sampleRecord } from './records.js';

test('rows that a journal kept before they named their route get it from the decision in them', () => {
  const record = sampleRecord({ routing: { route: 'main', routeVersion: 3, seed: 's', steps: [], candidates: [] } });
  const now = JSON.parse(bookingOf(record).inference) as InferenceRow;
  const { route: _route, route_version: _version, experiment: _experiment, experiment_branch: _branch, ...before } = now;
  const read = JSON.parse(bookingFromRows(record.id, before as InferenceRow, []).inference) as InferenceRow;
  expect(read).toEqual(now);
  expect(read).toMatchObject({ route: 'main', route_version: 3, experiment: null, experiment_branch: null });
});
