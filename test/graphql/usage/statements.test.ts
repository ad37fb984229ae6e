import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { getNamedType, isAbstractType, isLeafType, isNonNullType, isObjectType } from 'graphql';
import type { GraphQLField, GraphQLOutputType } from 'graphql';
import { createLedgerReader } from '../../../src/accounting/ledger.store.js';
import { markContentAvailable } from '../../../src/accounting/open-rows.store.js';
import { createFeedbackBook } from '../../../src/accounting/reports/feedback.js';
import { createAccessReader } from '../../../src/auth/access-reader.js';
import { createAccessStore } from '../../../src/auth/access.store.js';
import { createContentReader, createContentStore } from '../../../src/cache/content.store.js';
import type { EndedContent } from '../../../src/cache/contract.js';
import { CONTENT_PURPOSE } from '../../../src/cache/envelope.js';
import { systemClock } from '../../../src/core/clock.js';
import { newId, newInferenceId, uuidFromId } from '../../../src/core/ids.js';
import type { InferenceRecord } from '../../../src/core/inference.js';
import type { Principal } from '../../../src/core/principal.js';
import { Secret } from '../../../src/core/secret.js';
import { createLookup } from '../../../src/inference/lookup.js';
import { createCompletionRegistry } from '../../../src/inference/registry.js';
import { createCipher } from '../../../src/storage/cipher.js';
import { ApiKey } from '../../../src/storage/entities/api-key.js';
import { Team } from '../../../src/storage/entities/team.js';
import { sampleAttempt } from '../../accounting/records.js';
import { simplePrice } from '../../accounting/samples.js';
import { billed, openBooks, servedBy } from '../../accounting/reports/world.js';
import type { Books, Tenant } from '../../accounting/reports/world.js';
import { createFakeLedger } from '../../inference/kit.js';
import { API, listOf, makeContext, makeServices, run } from '../world.js';

const PAGE = 100;

let books: Books;
let tenant: Tenant;
let records: readonly InferenceRecord[];

beforeAll(async () => {
  books = await openBooks();
  tenant = await books.found();
  records = Array.from({ length: PAGE }, callOf);
  await books.book(...records);
  await nameKeysAndTeams();
  await contents.insert(records.map(endedOf));
  await Promise.all(
    records.map(({ id }) =>
      books.feedback.insert(
        {
          ...{ id: newId('feedback'), inferenceId: id, value: 1, weight: 1, label: null, comment: null, createdAt: new Date() },
        },
        tenant.reader,
        100,
      ),
    ),
  );
});

afterAll(() => books.close());

/** Each with its own team and key, words, a rating, and an attempt at another price than its own. */
function callOf(): InferenceRecord {
  const record = tenant.record({ teamId: newId('team'), apiKeyId: newId('key') });
  const [, second] = tenant.places;
  const cheap = billed(record, simplePrice({ INPUT: '1' }), [1_000]);
  const attempts = cheap.attempts.map((attempt) => sampleAttempt({ ...attempt, served: servedBy(second), status: 'FAILED' }));
  const dear = billed(record, simplePrice({ INPUT: '2' }), [10]);
  return { ...dear, attempts: [...attempts, ...dear.attempts.map((attempt) => ({ ...attempt, index: 1 }))] };
}

async function nameKeysAndTeams(): Promise<void> {
  const common = { organizationId: uuidFromId(tenant.organizationId), createdAt: new Date() };
  await books.work.asWriter(async (manager) => {
    await manager.insert(
      Team,
      records.flatMap(({ teamId }) => (teamId ? { ...common, id: uuidFromId(teamId), slug: teamId, name: teamId } : [])),
    );
    await manager.insert(
      ApiKey,
      records.map(({ apiKeyId, teamId }) => ({
        ...{ ...common, id: uuidFromId(apiKeyId), teamId: teamId && uuidFromId(teamId), name: apiKeyId, prefix: 'glide_abc' },
        ...{ permissions: ['INFERENCE' as const], models: null, expiresAt: null, revokedAt: null, lastUsedAt: null, createdBy: null },
      })),
    );
  });
}

const cipher = createCipher({ masterKey: new Secret(randomBytes(32)), purpose: CONTENT_PURPOSE, randomBytes });
const contents = {
  insert: (ended: readonly EndedContent[]) =>
    createContentStore({ unitOfWork: books.work, cipher, clock: systemClock, markAvailable: markContentAvailable }).insert(ended),
};

/** Half of them are still known from their log, the others as the organization stores them. */
function endedOf({ organizationId, id }: InferenceRecord, index: number): EndedContent {
  const until = new Date(Date.now() + 3_600_000);
  const part = { kind: 'text' as const, text: `answer ${index}`, signature: null };
  const message = { parts: [part], refusal: null };
  const state = { record: { ...records[index]!, contentState: 'AVAILABLE' as const, contentExpiresAt: until }, message };
  const event = { type: 'finished' as const, completionId: id, sequence: 0, at: until, completion: state };
  const prompt = [{ role: 'USER' as const, parts: [{ ...part, text: `question ${index}` }], toolCallId: null, isError: false }];
  return {
    ...{ organizationId, id, keyUntil: null, bytes: 0, onStored: () => undefined },
    events: index % 2 === 0 ? { value: [event], until } : null,
    payload: { value: { prompt, message }, until },
  };
}

/** Selects every field that asks for nothing, to this many levels of objects. */
function everyField(type: GraphQLOutputType, levels: number): string {
  const named = getNamedType(type);
  if (isAbstractType(named)) {
    const kinds = API.schema.getPossibleTypes(named).map((kind) => `... on ${kind.name} ${everyField(kind, levels)}`);
    return `{ __typename ${kinds.join(' ')} }`;
  }
  if (!isObjectType(named)) throw new Error(`${named.name} has no fields`);
  const fields = Object.values(named.getFields()).filter(({ args }) => !args.some((arg) => isNonNullType(arg.type)));
  const selected = fields.flatMap((field) => selection(field, named.name, levels));
  return `{ __typename ${selected.join(' ')} }`;
}

/** Under names of their types, since members of unions need not agree. */
function selection({ name, type }: GraphQLField<unknown, unknown>, owner: string, levels: number): string[] {
  if (isLeafType(getNamedType(type))) return [`${owner}_${name}: ${name}`];
  return levels === 0 ? [] : [`${owner}_${name}: ${name} ${everyField(type, levels - 1)}`];
}

async function answered(document: string, variables: Record<string, unknown>) {
  const { reports, work, feedback: store } = books;
  const sources = { books: createLedgerReader(work), contents: createContentReader({ unitOfWork: work, cipher, clock: systemClock }) };
  const lookup = createLookup({
    ...sources,
    registry: createCompletionRegistry({ clock: systemClock }),
    ledger: createFakeLedger(),
    keeper: { held: () => null },
    cancelling: { endElsewhere: (record) => Promise.resolve(record) },
    clock: systemClock,
  });
  const { completions, ...services } = makeServices();
  const findInference = () => Promise.resolve(null);
  const context = makeContext(
    {
      ...{ ...services, reports, clock: systemClock, completions: { ...completions, ...lookup } },
      access: createAccessReader({ store: createAccessStore(work), clock: systemClock }),
      feedback: createFeedbackBook({ store, clock: systemClock, findInference }),
    },
    reader(),
  );
  const statements: string[] = [];
  const counting = { ...books.dataSource.logger, logQuery: (query: string) => statements.push(query) };
  const { logger } = books.dataSource;
  Object.assign(books.dataSource.setOptions({ logging: ['query'] }), { logger: counting });
  try {
    const { data, errors } = await run(context, document, variables);
    expect(errors).toBeUndefined();
    // However long a list of places is, it is one statement.
    return { data, statements: statements.map((text) => text.replace(/\$\d+(?:, \$\d+)+/g, '$n')).toSorted() };
  } finally {
    Object.assign(books.dataSource, { logger });
  }
}

const reader = (): Principal => ({ ...tenant.reader, permissions: new Set(['ADMIN'] as const) });

test('D7 a page of a hundred with every field takes the statements of a page of five', async () => {
  const document = `query ($first: Int) { inferences(first: $first) { nodes ${everyField(API.schema.getType('Inference') as GraphQLOutputType, 3)} } }`;
  const [few, many] = [await answered(document, { first: 5 }), await answered(document, { first: PAGE })];
  const nodes = listOf(many.data.inferences.nodes);
  expect(nodes).toHaveLength(PAGE);
  const texts = new Set(nodes.map((node) => node['Completion_text']));
  expect(texts).toEqual(new Set(records.map((_, index) => `answer ${index}`)));
  expect(nodes[0]).toMatchObject({
    ...{ Completion_prompt: [{ role: 'USER' }], Completion_answer: { AssistantMessage_parts: [{ TextPart_text: expect.any(String) }] } },
    ...{ Completion_team: { Team_name: expect.any(String) }, Completion_apiKey: { ApiKey_name: expect.any(String) } },
    ...{ Completion_feedback: [{ Feedback_value: 1 }], Completion_content: 'AVAILABLE' },
  });
  expect(many.statements).toEqual(few.statements);
});

test('D7 fifty entities with every field take the statements of two', async () => {
  const document = `query ($r: [_Any!]!) { _entities(representations: $r) { ... on Completion ${everyField(API.schema.getType('Completion') as GraphQLOutputType, 3)} } }`;
  const named = (count: number) => ({ r: records.slice(0, count).map(({ id }) => ({ __typename: 'Completion', id })) });
  const [few, many] = [await answered(document, named(2)), await answered(document, named(50))];
  expect(listOf(many.data._entities).map((entity) => entity['Completion_text'])).toEqual(
    Array.from({ length: 50 }, (_, index) => `answer ${index}`),
  );
  expect(many.statements).toEqual(few.statements);
});

test('D7 so do embeddings, whose vectors come with them', async () => {
  const until = new Date(Date.now() + 3_600_000);
  const made = records
    .slice(0, 50)
    .map((record, index) => ({ ...record, id: newInferenceId('EMBEDDING'), operation: 'EMBEDDING' as const, attempts: [], index }));
  await books.book(...made);
  await contents.insert(
    made.map(({ index, ...record }): EndedContent => {
      const kept = {
        record: { ...record, contentState: 'AVAILABLE' as const, contentExpiresAt: until },
        message: null,
        result: { operation: 'EMBEDDING' as const, vectors: [[index]] },
      };
      const event = { type: 'finished' as const, completionId: record.id, sequence: 0, at: until, completion: kept };
      const { organizationId, id } = record;
      return { organizationId, id, keyUntil: null, bytes: 0, onStored: () => undefined, events: { value: [event], until }, payload: null };
    }),
  );
  const document = 'query ($r: [_Any!]!) { _entities(representations: $r) { ... on Embedding { status vectors apiKey { name } } } }';
  const named = (count: number) => ({ r: made.slice(0, count).map(({ id }) => ({ __typename: 'Embedding', id })) });
  const [few, many] = [await answered(document, named(2)), await answered(document, named(50))];
  expect(listOf(many.data._entities).map(({ vectors }) => vectors)).toEqual(made.map(({ index }) => [[index]]));
  expect(many.statements).toEqual(few.statements);
  const wrong = await answered(document, {
    r: [
      { __typename: 'Embedding', id: records[0]!.id },
      { __typename: 'Completion', id: made[0]!.id },
    ],
  });
  expect(wrong.data._entities).toEqual([null, null]);
  const listed = await answered(
    '{ inferences(first: 100, filter: { operations: [EMBEDDING] }) { nodes { ... on Embedding { vectors } } } }',
    {},
  );
  expect(listOf(listed.data.inferences.nodes)).toHaveLength(50);
  expect(new Set(listOf(listed.data.inferences.nodes).map(({ vectors }) => JSON.stringify(vectors))).size).toBe(50);
});

test('D7 words that nobody asks for are not read', async () => {
  const { statements } = await answered(
    '{ inferences(first: 100) { nodes { id status ... on Completion { content finishReason } } } }',
    {},
  );
  expect(statements.filter((text) => text.includes('completion_content'))).toEqual([]);
});
