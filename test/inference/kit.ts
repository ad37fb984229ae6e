import { setMaxListeners } from 'node:events';
import type { LedgerReader, LedgerWriter } from '../../src/accounting/contract.js';
import type { CallJournal } from '../../src/accounting/journal/contract.js';
import type { Catalogue } from '../../src/catalog/contract.js';
import { EMPTY_ANSWER, reduceAnswer } from '../../src/core/answer.js';
import type { AnswerDelta } from '../../src/core/answer.js';
import type { CatalogueSnapshot, Deployment, Directory, Model, Provider } from '../../src/core/catalogue.js';
import type { CompletionEvent } from '../../src/core/events.js';
import type { Failure } from '../../src/core/failures.js';
import { newId } from '../../src/core/ids.js';
import type { InferenceId, OrganizationId } from '../../src/core/ids.js';
import type { InferenceRecord } from '../../src/core/inference.js';
import { parseUsd } from '../../src/core/money.js';
import type { InferenceCall } from '../../src/core/operations.js';
import { NO_PAYLOAD_STORAGE } from '../../src/core/payload-storage.js';
import type { PayloadStorage } from '../../src/core/payload-storage.js';
import type { Price } from '../../src/core/pricing.js';
import type { Principal } from '../../src/core/principal.js';
import { disjointUsage } from '../../src/core/usage.js';
import type { Route } from '../../src/core/routes.js';
import type { TokenUsage } from '../../src/core/usage.js';
import type { FailureClass } from '../../src/core/vocabulary.js';
import { createCompletions } from '../../src/inference/completions.js';
import type { CompletionRequest, RawCompletionInput } from '../../src/inference/contract.js';
import { createAnswerSchemas } from '../../src/inference/structured/schemas.js';
import type { ChatCallOptions, ChatCallOutcome, ProviderTarget, UpstreamCaller } from '../../src/providers/contract.js';
import { createHealthBoard } from '../../src/routing/health.js';
import { createRouter } from '../../src/routing/router.js';
import { collectingLogger } from '../kit/logger.js';
import { createManualClock } from '../kit/manual-clock.js';
import type { ManualClock } from '../kit/manual-clock.js';
import { createFakeCancelRequests, createFakeContents, createFakeKeeper, createFakeKeys, createSharedStores } from './fake-stores.js';
import type { SharedStores } from './fake-stores.js';

export const ORGANIZATION: OrganizationId = newId('organization');

export function usage(prompt: number, answer: number): TokenUsage {
  return disjointUsage({ promptTotal: prompt, promptParts: {}, answerTotal: answer, answerParts: {}, raw: { prompt, answer } });
}

export function failure(failureClass: FailureClass, fields: Partial<Failure> = {}): Failure {
  return { class: failureClass, detail: `upstream said ${failureClass}`, httpStatus: null, retryAfterMs: null, ...fields };
}

/** $1 a million input tokens, $2 a million output tokens. */
export const PRICE: Price = {
  id: newId('price'),
  effectiveFrom: new Date('2020-01-01T00:00:00Z'),
  currency: 'USD',
  source: 'test',
  serviceTier: null,
  batch: false,
  tiers: [
    {
      aboveInputTokens: 0,
      rates: [
        { component: 'INPUT', amount: parseUsd('1')!, per: 1_000_000 },
        { component: 'OUTPUT', amount: parseUsd('2')!, per: 1_000_000 },
      ],
    },
  ],
};

type DeploymentFields = Partial<Omit<Deployment, 'provider' | 'model'>> & { provider?: Partial<Provider>; model?: Partial<Model> };

export function deployment(fields: DeploymentFields = {}): Deployment {
  const { provider, model, ...own } = fields;
  return {
    id: newId('deployment'),
    slug: 'acme.gpt',
    upstreamModel: 'gpt-upstream',
    region: null,
    weight: 1,
    enabled: true,
    onCancel: 'ABORT',
    prices: [],
    deleted: false,
    ...own,
    provider: {
      id: newId('provider'),
      slug: 'acme',
      name: 'Acme',
      preset: null,
      wireFormat: 'OPENAI_CHAT',
      baseUrl: 'http://acme.test/v1',
      region: null,
      headers: {},
      credential: null,
      allowPrivateNetwork: false,
      enabled: true,
      deleted: false,
      deployments: [],
      ...provider,
    },
    model: {
      id: newId('model'),
      slug: 'gpt',
      name: 'GPT',
      vendor: 'acme',
      operations: ['COMPLETION'],
      capabilities: new Set(['STREAMING']),
      contextWindow: null,
      maxOutputTokens: null,
      deprecatedOn: null,
      prices: [PRICE],
      deleted: false,
      deployments: [],
      ...model,
    },
  };
}

function directory<K, V extends { readonly id: K; readonly slug: string }>(all: readonly V[]): Directory<K, V> {
  return { all, byId: new Map(all.map((one) => [one.id, one])), bySlug: new Map(all.map((one) => [one.slug, one])) };
}

/** A snapshot of these deployments, in the order given; equal slugs of models and providers are one. */
export function snapshotOf(
  deployments: readonly Deployment[],
  payloadStorage = NO_PAYLOAD_STORAGE,
  routes: readonly Route[] = [],
): CatalogueSnapshot {
  const models = new Map<string, Model>();
  const providers = new Map<string, Provider>();
  for (const { model, provider } of deployments) {
    models.set(model.slug, { ...model, deployments: deployments.filter((one) => one.model.slug === model.slug) });
    providers.set(provider.slug, { ...provider, deployments: deployments.filter((one) => one.provider.slug === provider.slug) });
  }
  return {
    organizationId: ORGANIZATION,
    version: 1,
    organization: { id: ORGANIZATION, slug: 'test', name: 'Test', payloadStorage },
    providers: directory([...providers.values()]),
    models: directory([...models.values()]),
    deployments: directory(deployments),
    routes: directory(routes),
  };
}

export function principal(fields: Partial<Principal> = {}): Principal {
  return {
    organizationId: ORGANIZATION,
    apiKeyId: newId('key'),
    teamId: null,
    permissions: new Set(['INFERENCE']),
    models: null,
    tags: [],
    expiresAt: null,
    ...fields,
  };
}

/** One upstream call, in the test's hands. */
export interface UpstreamCall {
  readonly call: InferenceCall;
  readonly target: ProviderTarget;
  readonly options: ChatCallOptions;
  readonly aborted: boolean;
  say(...deltas: readonly AnswerDelta[]): void;
  end(fields?: Partial<ChatCallOutcome>): void;
  /** Says a text, its usage and its end, and succeeds. */
  answer(text: string, used?: TokenUsage | null): void;
  fail(cause: Failure, fields?: Partial<ChatCallOutcome>): void;
}

export interface ScriptedCaller extends UpstreamCaller {
  readonly calls: readonly UpstreamCall[];
  /** Handles calls as they come, instead of the test's hands. */
  script: ((call: UpstreamCall, index: number) => void) | null;
}

export function createScriptedCaller(): ScriptedCaller {
  const calls: UpstreamCall[] = [];
  const caller: ScriptedCaller = {
    calls,
    script: null,
    close: () => Promise.resolve(),
    chat: (call, target, options) => hear(call, target, options),
    ask: (call, target, options) => hear(call, target, options),
  };
  const hear = (call: UpstreamCall['call'], target: ProviderTarget, options: ChatCallOptions): Promise<ChatCallOutcome> =>
    new Promise((resolve) => {
      let answer = EMPTY_ANSWER;
      const upstream: UpstreamCall = {
        ...{ call, target, options },
        get aborted() {
          return options.signal.aborted;
        },
        say(...deltas) {
          for (const delta of deltas) answer = reduceAnswer(answer, delta);
          options.onDeltas(deltas);
        },
        end(fields = {}) {
          const nothing = { failure: null, accepted: true, firstTokenMs: null, durationMs: 0, warnings: [] };
          options.signal.removeEventListener('abort', cancel);
          resolve({ status: 'succeeded', answer, ...nothing, ...fields });
        },
        answer(text, used = usage(10, 5)) {
          const reported: AnswerDelta[] = used === null ? [] : [{ type: 'usage', usage: used }];
          upstream.say({ type: 'text', text }, { type: 'finish', reason: 'STOP', raw: 'stop' }, ...reported, { type: 'end' });
          upstream.end();
        },
        fail: (cause, fields = {}) => upstream.end({ status: 'failed', failure: cause, ...fields }),
      };
      const cancel = () => upstream.end({ status: 'cancelled' });
      options.signal.addEventListener('abort', cancel, { once: true });
      calls.push(upstream);
      caller.script?.(upstream, calls.length - 1);
    });
  return caller;
}

export interface FakeLedger extends LedgerWriter, LedgerReader {
  readonly rows: readonly InferenceRecord[];
  saturated: boolean;
}

/** Keeps every row it is given, also a second one of the same id, so that a test can see it. */
export function createFakeLedger(): FakeLedger {
  const rows: InferenceRecord[] = [];
  const byId = (id: InferenceId) => rows.find((row) => row.id === id) ?? null;
  return {
    rows,
    saturated: false,
    pendingCount: 0,
    append: (record) => rows.push(record),
    pending: () => null,
    flush: () => Promise.resolve(),
    close: () => Promise.resolve(0),
    find: (organizationId, id) => Promise.resolve(byId(id)?.organizationId === organizationId ? byId(id) : null),
    findMany: async (organizationId, ids) =>
      new Map(
        ids.flatMap((id) =>
          rows
            .filter((row) => row.id === id && row.organizationId === organizationId)
            .slice(0, 1)
            .map((row) => [id, row]),
        ),
      ),
  };
}

export function input(fields: Partial<RawCompletionInput> = {}): RawCompletionInput {
  return { model: 'gpt', messages: [{ role: 'USER', text: 'Hello' }], ...fields };
}

export interface StageOptions {
  readonly maxEndedBytes?: number;
  /** Another replica's stage: clock, books and stores are shared; the process and its upstreams are not. */
  readonly replicaOf?: SharedStage;
  readonly payloadStorage?: PayloadStorage;
  /** Takes the place of the scripted one; made for the stage's clock. */
  readonly upstream?: (clock: ManualClock) => UpstreamCaller;
  readonly journal?: CallJournal;
}

type SharedStage = { readonly clock: ManualClock; readonly ledger: FakeLedger; readonly shared: SharedStores };

function ownStage(): SharedStage {
  const clock = createManualClock();
  return { clock, ledger: createFakeLedger(), shared: createSharedStores(clock) };
}

export function createStage(deployments: readonly Deployment[] = [deployment()], options: StageOptions = {}) {
  const { replicaOf, payloadStorage = NO_PAYLOAD_STORAGE, upstream, ...limits } = options;
  const { clock, ledger, shared }: SharedStage = replicaOf ?? ownStage();
  const caller = createScriptedCaller();
  const logger = collectingLogger();
  const health = createHealthBoard({ clock });
  const catalogue: Catalogue = { snapshot: () => snapshotOf(deployments, payloadStorage), refresh: () => Promise.resolve() };
  const router = createRouter({ caller: upstream?.(clock) ?? caller, health, clock, random: () => 0.5 });
  const keeper = createFakeKeeper(shared);
  const completions = createCompletions({
    ...{ catalogue, router, ledger, clock, logger, keeper, schemas: createAnswerSchemas(), ...limits },
    books: {
      find: (organizationId, id) => findRow(organizationId, id, { ledger, shared }),
      async findMany(organizationId, ids) {
        const rows = await Promise.all(ids.map((id) => findRow(organizationId, id, { ledger, shared })));
        return new Map(rows.flatMap((row) => (row ? [[row.id, row]] : [])));
      },
    },
    keys: createFakeKeys(shared, newId('attempt')),
    contents: createFakeContents(shared),
    cancelRequests: createFakeCancelRequests(shared),
    bookProvisional: (record) => {
      ledger.append(record);
      return Promise.resolve();
    },
  });
  const owner = principal();
  const request = (fields: Partial<CompletionRequest> = {}): CompletionRequest => ({
    principal: owner,
    input: input(),
    idempotencyKey: null,
    requestId: null,
    ...fields,
  });
  return { clock, caller, ledger, logger, health, router, completions, owner, request, shared, keeper };
}

/** As the ledger's table: what is settled replaces what says RUNNING, and rows tell of words that are stored. */
async function findRow(organizationId: OrganizationId, id: InferenceId, { ledger, shared }: Omit<SharedStage, 'clock'>) {
  const settled = await ledger.find(organizationId, id);
  const content = shared.contents.get(id);
  const until = content && new Date(Math.max(content.events?.until.getTime() ?? 0, content.payload?.until.getTime() ?? 0));
  if (settled && until?.getTime()) return { ...settled, contentState: 'AVAILABLE', contentExpiresAt: until } as const;
  const start = shared.starts.get(id);
  return settled ?? (start?.organizationId === organizationId ? start : null);
}

/** A reader that never leaves. */
export const STAYS = new AbortController().signal;
setMaxListeners(0, STAYS);

export async function collect(events: AsyncIterable<CompletionEvent>): Promise<readonly CompletionEvent[]> {
  const all: CompletionEvent[] = [];
  for await (const event of events) all.push(event);
  return all;
}

export function textOf(events: readonly CompletionEvent[]): string {
  return events.flatMap((event) => (event.type === 'text' ? event.text : [])).join('');
}

export function typesOf(events: readonly CompletionEvent[]): readonly string[] {
  return events.map((event) => event.type);
}
