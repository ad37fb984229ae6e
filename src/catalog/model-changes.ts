import { conflict, fail, invalidRequest, notFound, ok } from '../core/errors.js';
import { newId, parseId } from '../core/ids.js';
import { createInputChecks } from '../core/input-checks.js';
import type { InputChecks } from '../core/input-checks.js';
import type { JsonObject } from '../core/json.js';
import { CAPABILITIES, OPERATIONS } from '../core/vocabulary.js';
import type { Capability, Operation } from '../core/vocabulary.js';
import { inForce, reader } from './change-context.js';
import type { ChangeSettings } from './change-context.js';
import type { CatalogueTransaction } from './change.store.js';
import type { CatalogueChanges, CreateModelInput, UpdateModelInput } from './contract.js';
import { checkAgainstPeers } from './price-checks.js';
import { addPrice, readPrice } from './price-changes.js';
import type { StoredModel } from './stored.js';

const MAX_TOKENS = 2_147_483_647;
const MAX_VENDOR_LENGTH = 63;
/** What a model can do where nobody says more. */
export const DEFAULT_CAPABILITIES: readonly Capability[] = ['STREAMING'];
const DEFAULT_OPERATIONS: readonly Operation[] = ['COMPLETION'];

export function createModelChanges(settings: ChangeSettings): Pick<CatalogueChanges, 'createModel' | 'updateModel'> {
  return {
    createModel: (actor, input) => {
      const { organizationId } = actor.principal;
      return inForce(settings, actor, {
        run: async ({ transaction, at }) => {
          const checks = createInputChecks();
          const draft = readNewModel(checks, input);
          const price = input.price ? readPrice(checks, { input: input.price, at }) : null;
          if (price)
            checkAgainstPeers(checks, 'price', { tiers: price.tiers, snapshot: settings.catalogue.snapshot(organizationId), now: at });
          if (checks.problems.length > 0) return fail(invalidRequest(checks.problems));
          if (await transaction.model({ slug: input.slug })) return fail(conflict(`There is a model ${input.slug} already.`, 'slug'));
          if (await transaction.route(input.slug)) return fail(conflict(`There is a route ${input.slug} already.`, 'slug'));
          const after: StoredModel = { ...draft, id: newId('model'), organizationId, createdAt: at, deletedAt: null };
          await transaction.saveModel(after);
          await audit(transaction, { action: 'createModel', before: null, after });
          if (price) await addPrice(transaction, { organizationId, owner: { modelId: after.id }, price, at });
          return ok(after.id);
        },
        read: reader(settings, actor).model,
      });
    },

    updateModel: (actor, input) =>
      inForce(settings, actor, {
        run: async ({ transaction }) => {
          const id = parseId('model', input.id);
          const before = id === null ? null : await transaction.model({ id });
          if (!before) return fail(notFound('model', input.id));
          const checks = createInputChecks();
          const after = readUpdate(checks, before, input);
          if (checks.problems.length > 0) return fail(invalidRequest(checks.problems));
          await transaction.saveModel(after);
          await audit(transaction, { action: 'updateModel', before, after });
          return ok(before.id);
        },
        read: reader(settings, actor).model,
      }),
  };
}

type Draft = Omit<StoredModel, 'id' | 'organizationId' | 'createdAt' | 'deletedAt'>;

function readNewModel(checks: InputChecks, input: CreateModelInput): Draft {
  checks.slug('slug', input.slug);
  const name = input.name ?? input.slug;
  checks.text('name', name);
  checks.text('vendor', input.vendor, MAX_VENDOR_LENGTH);
  const operations = input.operations ?? DEFAULT_OPERATIONS;
  if (operations.length === 0) checks.add('operations', 'must name at least one operation');
  for (const [index, operation] of operations.entries()) checks.word(`operations.${index}`, operation, OPERATIONS);
  const draft: Draft = {
    slug: input.slug,
    name,
    vendor: input.vendor,
    operations: [...new Set(operations)],
    capabilities: readCapabilities(checks, input.capabilities ?? DEFAULT_CAPABILITIES),
    contextWindow: input.contextWindow ?? null,
    maxOutputTokens: input.maxOutputTokens ?? null,
    deprecatedOn: null,
  };
  checkLimits(checks, draft);
  return draft;
}

function readUpdate(checks: InputChecks, before: StoredModel, input: UpdateModelInput): StoredModel {
  if (input.name === null) checks.add('name', "can't be cleared");
  const name = input.name ?? before.name;
  checks.text('name', name);
  // Cleared means: nothing is known, which is what a new model begins with.
  const capabilities =
    input.capabilities === undefined ? before.capabilities : readCapabilities(checks, input.capabilities ?? DEFAULT_CAPABILITIES);
  const contextWindow = input.contextWindow === undefined ? before.contextWindow : input.contextWindow;
  const maxOutputTokens = input.maxOutputTokens === undefined ? before.maxOutputTokens : input.maxOutputTokens;
  checkLimits(checks, { contextWindow, maxOutputTokens });
  const deprecatedOn = input.deprecatedOn === undefined ? before.deprecatedOn : input.deprecatedOn;
  if (deprecatedOn !== null) checks.instant('deprecatedOn', deprecatedOn);
  return { ...before, name, capabilities, contextWindow, maxOutputTokens, deprecatedOn };
}

function readCapabilities(checks: InputChecks, capabilities: readonly Capability[]): readonly Capability[] {
  for (const [index, capability] of capabilities.entries()) checks.word(`capabilities.${index}`, capability, CAPABILITIES);
  return [...new Set(capabilities)];
}

function checkLimits(checks: InputChecks, limits: Pick<StoredModel, 'contextWindow' | 'maxOutputTokens'>): void {
  for (const field of ['contextWindow', 'maxOutputTokens'] as const) {
    const value = limits[field];
    if (value !== null) checks.integer(field, value, { min: 1, max: MAX_TOKENS });
  }
}

function audit(
  transaction: CatalogueTransaction,
  { action, before, after }: { action: string; before: StoredModel | null; after: StoredModel },
): Promise<void> {
  return transaction.audit({ action, target: { kind: 'model', id: after.id }, before: before && describe(before), after: describe(after) });
}

function describe(model: StoredModel): JsonObject {
  const { slug, name, vendor, operations, capabilities, contextWindow, maxOutputTokens } = model;
  return {
    slug,
    name,
    vendor,
    operations,
    capabilities,
    contextWindow,
    maxOutputTokens,
    deprecatedOn: model.deprecatedOn?.toISOString() ?? null,
  };
}
