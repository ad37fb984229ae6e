import type { Actor } from '../core/actor.js';
import { conflict, fail, invalidRequest, notFound, ok } from '../core/errors.js';
import { newId, parseId } from '../core/ids.js';
import { createInputChecks, isSlug } from '../core/input-checks.js';
import type { InputChecks } from '../core/input-checks.js';
import type { JsonObject } from '../core/json.js';
import { CANCEL_POLICIES } from '../core/vocabulary.js';
import { inForce, reader } from './change-context.js';
import type { ChangeSettings } from './change-context.js';
import type { CatalogueTransaction } from './change.store.js';
import type { CatalogueChanges, CreateDeploymentInput, UpdateDeploymentInput } from './contract.js';
import type { StoredDeployment, StoredModel, StoredProvider } from './stored.js';

export const MAX_WEIGHT = 10_000;
const MAX_REGION_LENGTH = 63;
/** What a deployment is where nobody says otherwise. */
export const DEPLOYMENT_DEFAULTS = { weight: 1, enabled: true, onCancel: 'ABORT', structuredOutputRepair: false } as const;

type DeploymentChanges = Pick<CatalogueChanges, 'createDeployment' | 'updateDeployment' | 'deleteDeployment'>;

export function createDeploymentChanges(settings: ChangeSettings): DeploymentChanges {
  return {
    createDeployment: (actor, input) => createDeployment(settings, actor, input),
    updateDeployment: (actor, input) => updateDeployment(settings, actor, input),
    deleteDeployment: (actor, id) => deleteDeployment(settings, actor, id),
  };
}

function createDeployment(
  settings: ChangeSettings,
  actor: Actor,
  input: CreateDeploymentInput,
): ReturnType<DeploymentChanges['createDeployment']> {
  const { organizationId } = actor.principal;
  return inForce(settings, actor, {
    run: async ({ transaction, at }) => {
      const checks = createInputChecks();
      const parents = await findParents(transaction, checks, input);
      const draft = readNewDeployment(settings, checks, { input, parents });
      if (draft === null || checks.problems.length > 0) return fail(invalidRequest(checks.problems));
      if (await transaction.deployment({ slug: draft.slug })) return fail(conflict(`There is a deployment ${draft.slug} already.`, 'slug'));
      const after: StoredDeployment = { ...draft, id: newId('deployment'), organizationId, createdAt: at, deletedAt: null };
      await transaction.saveDeployment(after);
      await audit(transaction, { action: 'createDeployment', before: null, after });
      return ok(after.id);
    },
    read: reader(settings, actor).deployment,
  });
}

function updateDeployment(
  settings: ChangeSettings,
  actor: Actor,
  input: UpdateDeploymentInput,
): ReturnType<DeploymentChanges['updateDeployment']> {
  return inForce(settings, actor, {
    run: async ({ transaction }) => {
      const before = await find(transaction, input.id);
      if (!before) return fail(notFound('deployment', input.id));
      const checks = createInputChecks();
      const after = await readUpdate(transaction, checks, { before, input });
      if (checks.problems.length > 0) return fail(invalidRequest(checks.problems));
      await transaction.saveDeployment(after);
      await audit(transaction, { action: 'updateDeployment', before, after });
      return ok(before.id);
    },
    read: reader(settings, actor).deployment,
  });
}

function deleteDeployment(settings: ChangeSettings, actor: Actor, id: string): ReturnType<DeploymentChanges['deleteDeployment']> {
  return inForce(settings, actor, {
    run: async ({ transaction, at }) => {
      const before = await find(transaction, id);
      if (!before) return fail(notFound('deployment', id));
      await transaction.saveDeployment({ ...before, deletedAt: at });
      await audit(transaction, { action: 'deleteDeployment', before, after: null });
      return ok({ deletedId: before.id });
    },
    read: (deleted) => deleted,
  });
}

interface Parents {
  readonly provider: StoredProvider;
  readonly model: StoredModel;
}

async function findParents(transaction: CatalogueTransaction, checks: InputChecks, input: CreateDeploymentInput): Promise<Parents | null> {
  const provider = await transaction.provider({ slug: input.provider });
  const model = await transaction.model({ slug: input.model });
  if (!provider) checks.add('provider', 'there is no such provider');
  if (!model) checks.add('model', 'there is no such model');
  return provider && model ? { provider, model } : null;
}

type Draft = Omit<StoredDeployment, 'id' | 'organizationId' | 'createdAt' | 'deletedAt'>;

function readNewDeployment(
  settings: ChangeSettings,
  checks: InputChecks,
  { input, parents }: { input: CreateDeploymentInput; parents: Parents | null },
): Draft | null {
  if (typeof input.slug === 'string') checks.slug('slug', input.slug);
  const region = input.region ?? null;
  const weight = input.weight ?? DEPLOYMENT_DEFAULTS.weight;
  const onCancel = input.onCancel ?? DEPLOYMENT_DEFAULTS.onCancel;
  checkPlace(checks, { region, weight, onCancel });
  if (typeof input.upstreamModel === 'string') checks.text('upstreamModel', input.upstreamModel);
  if (parents === null) return null;
  const { provider, model } = parents;
  const slug = input.slug ?? `${provider.slug}.${model.slug}`;
  if (!isSlug(slug)) checks.add('slug', `is needed: ${provider.slug}.${model.slug} is too long for one`);
  const upstreamModel = input.upstreamModel ?? usualName(settings, parents);
  const structuredOutputRepair = input.structuredOutputRepair ?? DEPLOYMENT_DEFAULTS.structuredOutputRepair;
  const ids = { providerId: provider.id, modelId: model.id };
  return { ...DEPLOYMENT_DEFAULTS, slug, ...ids, upstreamModel, region, weight, onCancel, structuredOutputRepair };
}

/** The vendor's own name where the provider's preset knows it. */
function usualName({ known }: ChangeSettings, { provider, model }: Parents): string {
  const preset = provider.preset === null ? null : known.preset(provider.preset);
  return preset?.models.find((usual) => usual.model === model.slug)?.upstreamModel ?? model.slug;
}

async function readUpdate(
  transaction: CatalogueTransaction,
  checks: InputChecks,
  { before, input }: { before: StoredDeployment; input: UpdateDeploymentInput },
): Promise<StoredDeployment> {
  if (input.enabled === null) checks.add('enabled', "can't be cleared");
  const region = input.region === undefined ? before.region : input.region;
  const weight = input.weight === null ? 1 : (input.weight ?? before.weight);
  const onCancel = input.onCancel === null ? 'ABORT' : (input.onCancel ?? before.onCancel);
  checkPlace(checks, { region, weight, onCancel });
  if (typeof input.upstreamModel === 'string') checks.text('upstreamModel', input.upstreamModel);
  const cleared = input.upstreamModel === null ? await transaction.model({ id: before.modelId }) : null;
  const upstreamModel = input.upstreamModel ?? cleared?.slug ?? before.upstreamModel;
  const repair = input.structuredOutputRepair === undefined ? before.structuredOutputRepair : input.structuredOutputRepair;
  const enabled = input.enabled ?? before.enabled;
  return { ...before, upstreamModel, region, weight, onCancel, enabled, structuredOutputRepair: repair ?? false };
}

function checkPlace(checks: InputChecks, place: Pick<StoredDeployment, 'region' | 'weight' | 'onCancel'>): void {
  if (place.region !== null) checks.text('region', place.region, MAX_REGION_LENGTH);
  checks.integer('weight', place.weight, { min: 0, max: MAX_WEIGHT });
  checks.word('onCancel', place.onCancel, CANCEL_POLICIES);
}

async function find(transaction: CatalogueTransaction, text: string): Promise<StoredDeployment | null> {
  const id = parseId('deployment', text);
  return id === null ? null : transaction.deployment({ id });
}

function audit(
  transaction: CatalogueTransaction,
  { action, before, after }: { action: string; before: StoredDeployment | null; after: StoredDeployment | null },
): Promise<void> {
  const id = (after ?? before)?.id ?? '';
  return transaction.audit({
    action,
    target: { kind: 'deployment', id },
    before: before && describe(before),
    after: after && describe(after),
  });
}

function describe(deployment: StoredDeployment): JsonObject {
  const { slug, providerId, modelId, upstreamModel, region, weight, enabled, onCancel, structuredOutputRepair } = deployment;
  return { slug, providerId, modelId, upstreamModel, region, weight, enabled, onCancel, structuredOutputRepair };
}
