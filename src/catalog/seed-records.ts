import { newId } from '../core/ids.js';
import type { OrganizationId } from '../core/ids.js';
import { picoUsd } from '../core/money.js';
import type { PriceTier } from '../core/pricing.js';
import { CAPABILITIES, OPERATIONS } from '../core/vocabulary.js';
import { DEPLOYMENT_DEFAULTS } from './deployment-changes.js';
import { overlayFor } from './overlay.js';
import { PRICE_SOURCE } from './price-import.js';
import type { ImportedModel, ImportedPrice } from './price-import.js';
import { SANDBOX_BASE_URL } from './snapshot.js';
import type { PriceOwner, StoredModel, StoredPrice, StoredProvider } from './stored.js';

export interface Origin {
  readonly organizationId: OrganizationId;
  readonly at: Date;
}

/** What is no completion has no words to be capable of. */
const NO_ANSWER = { capabilities: [], maxOutputTokens: null };

export function toStoredModel(imported: Omit<ImportedModel, 'prices'>, { organizationId, at }: Origin): StoredModel {
  const { capabilities, maxOutputTokens } = imported.operations.includes('COMPLETION') ? overlayFor(imported.slug) : NO_ANSWER;
  const { slug, name, vendor, contextWindow } = imported;
  const words = { operations: [...imported.operations], capabilities };
  const dates = { deprecatedOn: null, createdAt: at, deletedAt: null };
  return { id: newId('model'), organizationId, slug, name, vendor, ...words, contextWindow, maxOutputTokens, ...dates };
}

export function toStoredPrice(
  imported: ImportedPrice,
  { organizationId, at, owner, source = PRICE_SOURCE }: Origin & { readonly owner: PriceOwner; readonly source?: string },
): StoredPrice {
  const id = newId('price');
  const price = { id, currency: 'USD' as const, source, serviceTier: null, batch: false, ...imported };
  return { id, organizationId, createdAt: at, owner, price };
}

const SANDBOX_CONTEXT_WINDOW = 128_000;
const SANDBOX_MAX_OUTPUT_TOKENS = 16_384;
const PER_MILLION = 1_000_000;
const SECONDS_PER_HOUR = 3_600;
/** $0.15 and $0.60 a million tokens; $0.01 an image, $0.36 an hour listened to, $15 a million characters read aloud. */
const SANDBOX_TIER: PriceTier = {
  aboveInputTokens: 0,
  rates: [
    { component: 'INPUT', amount: picoUsd(150_000_000_000n), per: PER_MILLION },
    { component: 'OUTPUT', amount: picoUsd(600_000_000_000n), per: PER_MILLION },
    { component: 'IMAGE', amount: picoUsd(10_000_000_000n), per: 1 },
    { component: 'SECOND', amount: picoUsd(360_000_000_000n), per: SECONDS_PER_HOUR },
    { component: 'CHARACTER', amount: picoUsd(15_000_000_000_000n), per: PER_MILLION },
  ],
};

/** A stand-in that can do everything, at the prices of a small model. */
export function sandboxRecords({ organizationId, at }: Origin) {
  const common = { organizationId, createdAt: at, deletedAt: null };
  const provider: StoredProvider = {
    ...common,
    id: newId('provider'),
    slug: 'sandbox',
    name: 'Sandbox',
    preset: null,
    wireFormat: 'OPENAI_CHAT',
    baseUrl: SANDBOX_BASE_URL,
    region: null,
    headers: {},
    ...{ credential: null, tls: null, healthCheckSeconds: null },
    credentialFromEnvironment: false,
    allowPrivateNetwork: false,
    enabled: true,
  };
  const model: StoredModel = {
    ...common,
    id: newId('model'),
    slug: 'sandbox',
    name: 'Sandbox',
    vendor: 'sandbox',
    operations: [...OPERATIONS],
    capabilities: [...CAPABILITIES],
    contextWindow: SANDBOX_CONTEXT_WINDOW,
    maxOutputTokens: SANDBOX_MAX_OUTPUT_TOKENS,
    deprecatedOn: null,
  };
  const deployment = { ...common, id: newId('deployment'), slug: 'sandbox.sandbox', providerId: provider.id, modelId: model.id };
  const from = { organizationId, at, owner: { modelId: model.id }, source: 'sandbox' };
  const price = toStoredPrice({ effectiveFrom: new Date(0), tiers: [SANDBOX_TIER] }, from);
  return {
    provider,
    model,
    price,
    deployment: { ...deployment, upstreamModel: 'sandbox', region: null, ...DEPLOYMENT_DEFAULTS },
  };
}
