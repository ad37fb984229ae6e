import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { FeedbackBook, FeedbackInput } from '../../../src/accounting/reports/contract.js';
import { createFeedbackBook } from '../../../src/accounting/reports/feedback.js';
import { deleteOrphanedFeedback } from '../../../src/accounting/reports/feedback.store.js';
import { newId, uuidFromId } from '../../../src/core/ids.js';
import type { InferenceId } from '../../../src/core/ids.js';
import { createManualClock } from '../../kit/manual-clock.js';
import { openBooks } from './world.js';
import type { Books, Tenant } from './world.js';

let books: Books;
let tenant: Tenant;
let book: FeedbackBook;
const clock = createManualClock();
const known = newId('completion');

beforeAll(async () => {
  books = await openBooks();
  tenant = await books.found();
  book = createFeedbackBook({ store: books.feedback, clock, findInference: async (_principal, id) => (id === known ? known : null) });
});

afterAll(() => books.close());

const record = (input: Partial<FeedbackInput>) => book.record(tenant.reader, { inferenceId: known, value: 1, ...input });
const stored = async (id: InferenceId) => (await book.byInference(tenant.organizationId, [id])).get(id);

test('feedback is kept as it was given, the oldest first; an absent weight is 1', async () => {
  const first = await record({ value: -0.5, weight: 0.25, label: 'thumb', comment: 'Too long.\nAnd wrong 🙁' });
  const second = await record({ value: 1 });
  expect(first).toMatchObject({
    ok: true,
    value: { value: -0.5, weight: 0.25, label: 'thumb', comment: 'Too long.\nAnd wrong 🙁', createdAt: clock.now() },
  });
  expect(second).toMatchObject({ ok: true, value: { value: 1, weight: 1, label: null, comment: null } });
  expect(await stored(known)).toEqual([first, second].map((result) => result.ok && result.value));
});

describe('feedback is refused, with its path,', () => {
  test.each<[string, Partial<FeedbackInput>]>([
    ['value', { value: 1.01 }],
    ['value', { value: -1.01 }],
    ['value', { value: Number.NaN }],
    ['weight', { weight: -0.1 }],
    ['weight', { weight: 1.1 }],
    ['weight', { weight: Number.NaN }],
    ['label', { label: 'x'.repeat(101) }],
    ['label', { label: ' ' }],
    ['label', { label: 'a\nb' }],
    ['comment', { comment: 'x'.repeat(2001) }],
    ['comment', { comment: 'a\0b' }],
  ])('%s of %j', async (path, input) => {
    expect(await record(input)).toMatchObject({ ok: false, error: { code: 'INVALID_REQUEST', problems: [{ path }] } });
  });

  test('all of it together', async () => {
    const result = await record({ value: 2, weight: 2, label: '', comment: '\0' });
    expect(result).toMatchObject({
      ok: false,
      error: { problems: [{ path: 'value' }, { path: 'weight' }, { path: 'label' }, { path: 'comment' }] },
    });
  });
});

test('the bounds themselves are taken', async () => {
  for (const input of [
    { value: -1 },
    { value: 1 },
    { weight: 0 },
    { weight: 1 },
    { label: 'x'.repeat(100) },
    { comment: 'x'.repeat(2000) },
    { comment: '' },
  ])
    expect(await record(input)).toMatchObject({ ok: true });
});

test('an inference takes a hundred ratings, also of many who rate it at once', async () => {
  const popular = newId('completion');
  const anybody = createFeedbackBook({ store: books.feedback, clock, findInference: async () => popular });
  const rate = () => anybody.record(tenant.reader, { inferenceId: popular, value: 1 });
  for (let round = 0; round < 8; round += 1) await Promise.all(Array.from({ length: 12 }, rate));
  const last = await Promise.all(Array.from({ length: 12 }, rate));
  expect(last.filter(({ ok }) => ok)).toHaveLength(4);
  expect(last.find(({ ok }) => !ok)).toMatchObject({ error: { code: 'INVALID_REQUEST', problems: [{ path: 'inferenceId' }] } });
  expect((await anybody.byInference(tenant.organizationId, [popular])).get(popular)).toHaveLength(100);
});

test('D5 ratings go with what they rate: those of rows that left the books, but not of calls that are yet to be booked', async () => {
  const [kept, gone] = [tenant.record(), tenant.record()];
  await books.book(kept, gone);
  const yet = newId('completion');
  const anybody = createFeedbackBook({ store: books.feedback, clock, findInference: async (_principal, id) => id as InferenceId });
  for (const id of [kept.id, gone.id, gone.id, yet]) await anybody.record(tenant.reader, { inferenceId: id, value: 1 });
  const orphans = () =>
    books.work.asWriter(async (manager) => {
      const ids = [kept.id, gone.id, yet].map(uuidFromId);
      const sql = `SELECT count(*)::int AS count FROM feedback WHERE inference_id = ANY($1) AND inference_id NOT IN (SELECT id FROM inference)`;
      return (await manager.query<{ count: number }[]>(sql, [ids]))[0]?.count;
    });
  await books.work.asWriter((manager) => manager.query('DELETE FROM inference WHERE id = $1', [uuidFromId(gone.id)]));
  expect(await orphans()).toBe(3);
  expect(await deleteOrphanedFeedback(books.work, new Date(Date.now() - 60_000))).toBe(0);
  expect(await orphans()).toBe(3);
  expect(await deleteOrphanedFeedback(books.work, new Date(Date.now() + 60_000))).toBeGreaterThanOrEqual(3);
  expect(await orphans()).toBe(0);
  expect(await stored(kept.id)).toHaveLength(1);
});

test('what the caller can’t see is not found, and nothing is kept', async () => {
  const foreign = newId('completion');
  expect(await record({ inferenceId: foreign })).toMatchObject({ ok: false, error: { code: 'NOT_FOUND', targetId: foreign } });
  expect(await record({ inferenceId: 'nonsense\0' })).toMatchObject({ ok: false, error: { code: 'NOT_FOUND' } });
  expect(await stored(foreign)).toEqual([]);
});

test('another organization reads none of it', async () => {
  const other = await books.found();
  expect((await book.byInference(other.organizationId, [known])).get(known)).toEqual([]);
});

test('no ids take no statement', async () => {
  const unreachable = createFeedbackBook({
    ...{ clock, findInference: async () => null },
    store: {
      insert: () => Promise.reject(new Error('asked')),
      ofInferences: () => Promise.reject(new Error('asked')),
    },
  });
  expect(await unreachable.byInference(tenant.organizationId, [])).toEqual(new Map());
});

test('feedback can be added and read by the application, never changed', async () => {
  for (const sql of ['UPDATE feedback SET value = 1', 'DELETE FROM feedback'])
    await expect(books.work.asOrganization(tenant.organizationId, (manager) => manager.query(sql))).rejects.toThrow(/permission denied/);
});
