import type { Actor } from '../core/actor.js';
import { conflict, fail, invalidRequest, notFound, ok } from '../core/errors.js';
import { newId, parseId } from '../core/ids.js';
import type { ProviderId } from '../core/ids.js';
import { createInputChecks } from '../core/input-checks.js';
import type { InputChecks } from '../core/input-checks.js';
import type { JsonObject } from '../core/json.js';
import type { WireFormat } from '../core/vocabulary.js';
import { inForce, reader } from './change-context.js';
import type { ChangeSettings } from './change-context.js';
import type { CatalogueTransaction } from './change.store.js';
import type { CatalogueChanges, CreateProviderInput, UpdateProviderInput } from './contract.js';
import { readSecret } from './credential-checks.js';
import type { ProviderSecret } from './credential-text.js';
import { sealCredential } from './credentials.js';
import { addressOf, checkBaseUrl, checkRegion, normaliseBaseUrl, readHeaders, whyNoAddress, readHealthCheck } from './provider-checks.js';
import type { StoredProvider } from './stored.js';
import { changeTls, describeTls } from './tls.js';
import { checkTlsAddress } from './tls-checks.js';

type ProviderChanges = Pick<CatalogueChanges, 'createProvider' | 'updateProvider' | 'deleteProvider'>;

export function createProviderChanges(settings: ChangeSettings): ProviderChanges {
  return {
    createProvider: (actor, input) => createProvider(settings, actor, input),
    updateProvider: (actor, input) => updateProvider(settings, actor, input),
    deleteProvider: (actor, id) => deleteProvider(settings, actor, id),
  };
}

function createProvider(settings: ChangeSettings, actor: Actor, input: CreateProviderInput): ReturnType<ProviderChanges['createProvider']> {
  const { organizationId } = actor.principal;
  return inForce(settings, actor, {
    run: async ({ transaction, at }) => {
      const checks = createInputChecks();
      const owner = { organizationId, id: newId('provider') };
      const { draft, secret } = readNewProvider(settings, checks, input);
      const tls = changeTls(checks, input.tls, { ...settings, owner, before: null, at });
      if (tls !== null && draft !== null) checkTlsAddress(checks, draft.baseUrl);
      if (draft === null || checks.problems.length > 0) return fail(invalidRequest(checks.problems));
      if (await transaction.provider({ slug: input.slug })) return fail(conflict(`There is a provider ${input.slug} already.`, 'slug'));
      const credential = secret === null ? null : sealCredential(settings.cipher, owner, { secret, setAt: at });
      const after: StoredProvider = { ...draft, ...owner, credential, tls, createdAt: at, deletedAt: null };
      await transaction.saveProvider(after);
      await audit(transaction, { action: 'createProvider', before: null, after });
      return ok(owner.id);
    },
    read: reader(settings, actor).provider,
  });
}

function updateProvider(settings: ChangeSettings, actor: Actor, input: UpdateProviderInput): ReturnType<ProviderChanges['updateProvider']> {
  return inForce(settings, actor, {
    run: async ({ transaction, at }) => {
      const before = await find(transaction, input.id);
      if (!before) return fail(notFound('provider', input.id));
      const checks = createInputChecks();
      const { changed, secret } = readUpdate(settings, checks, { before, input });
      const tls = changeTls(checks, input.tls, { ...settings, owner: before, before: before.tls, at });
      const touched = input.tls !== undefined || input.baseUrl !== undefined;
      if (tls !== null && touched) checkTlsAddress(checks, changed.baseUrl);
      if (checks.problems.length > 0) return fail(invalidRequest(checks.problems));
      const after = { ...changed, tls, ...(input.credential === undefined ? {} : changedCredential(settings, before, { secret, at })) };
      await transaction.saveProvider(after);
      await audit(transaction, { action: 'updateProvider', before, after });
      return ok(before.id);
    },
    read: reader(settings, actor).provider,
  });
}

function deleteProvider(settings: ChangeSettings, actor: Actor, id: string): ReturnType<ProviderChanges['deleteProvider']> {
  return inForce(settings, actor, {
    run: async ({ transaction, at }) => {
      const before = await find(transaction, id);
      if (!before) return fail(notFound('provider', id));
      const deployments = await transaction.countDeployments(before.id);
      if (deployments > 0) return fail(conflict(`The provider has ${deployments} deployments: delete them first.`, 'id'));
      // What nobody can call needs no secret any more.
      await transaction.saveProvider({ ...before, deletedAt: at, credential: null, tls: null });
      await audit(transaction, { action: 'deleteProvider', before, after: null });
      return ok({ deletedId: before.id });
    },
    read: (deleted) => deleted,
  });
}

type Draft = Omit<StoredProvider, 'id' | 'organizationId' | 'credential' | 'tls' | 'createdAt' | 'deletedAt'>;

interface NewProvider {
  readonly draft: Draft | null;
  readonly secret: ProviderSecret | null;
}

function readNewProvider(settings: ChangeSettings, checks: InputChecks, input: CreateProviderInput): NewProvider {
  const { known, checkUrl } = settings;
  checks.slug('slug', input.slug);
  const preset = input.preset ? known.preset(input.preset) : null;
  if (typeof input.preset === 'string' && preset === null)
    checks.add('preset', `must be one of ${known.presets.map(({ name }) => name).join(', ')}`);
  const name = input.name ?? preset?.displayName ?? input.slug;
  checks.text('name', name);
  const wireFormat = input.wireFormat ?? preset?.wireFormat ?? null;
  checkWireFormat(settings, checks, wireFormat);
  const allowPrivateNetwork = input.allowPrivateNetwork ?? preset?.allowPrivateNetwork ?? false;
  const secret = readSecret(checks, input.credential, { checkUrl, allowPrivateNetwork });
  const region = input.region ?? null;
  if (region !== null) checkRegion(checks, region);
  const healthCheckSeconds = readHealthCheck(checks, input.healthCheckSeconds);
  const baseUrl = input.baseUrl ?? (preset && addressOf(preset, { region, secret }));
  if (baseUrl === null) checks.add('baseUrl', whyNoAddress(preset));
  else checkBaseUrl(checks, { baseUrl, allowPrivateNetwork, checkUrl });
  const headers = readHeaders(checks, input.headers ?? {});
  if (wireFormat === null || baseUrl === null || checks.problems.length > 0) return { draft: null, secret };
  const { slug } = input;
  const place = { wireFormat, baseUrl: normaliseBaseUrl(baseUrl), region, headers, allowPrivateNetwork, healthCheckSeconds };
  return { draft: { slug, name, preset: preset?.name ?? null, ...place, enabled: true, credentialFromEnvironment: false }, secret };
}

function checkWireFormat({ known }: ChangeSettings, checks: InputChecks, wireFormat: WireFormat | null): void {
  if (wireFormat === null) checks.add('wireFormat', 'is needed where no preset gives it');
  else if (!known.wireFormats.has(wireFormat))
    checks.add('wireFormat', `${wireFormat} is not built yet: only ${[...known.wireFormats].join(', ')}`);
}

function readUpdate(
  settings: ChangeSettings,
  checks: InputChecks,
  change: { before: StoredProvider; input: UpdateProviderInput },
): { readonly changed: StoredProvider; readonly secret: ProviderSecret | null } {
  const { before, input } = change;
  const preset = before.preset === null ? null : settings.known.preset(before.preset);
  for (const field of ['enabled', 'name', 'baseUrl'] as const) if (input[field] === null) checks.add(field, "can't be cleared");
  const name = input.name ?? before.name;
  checks.text('name', name);
  const allowPrivateNetwork =
    input.allowPrivateNetwork === null ? (preset?.allowPrivateNetwork ?? false) : (input.allowPrivateNetwork ?? before.allowPrivateNetwork);
  const moves = typeof input.baseUrl === 'string' || (input.allowPrivateNetwork === false && isAddress(before.baseUrl));
  const baseUrl = input.baseUrl ?? before.baseUrl;
  if (moves) checkBaseUrl(checks, { baseUrl, allowPrivateNetwork, checkUrl: settings.checkUrl });
  const region = input.region === undefined ? before.region : input.region;
  if (region !== null) checkRegion(checks, region);
  const secret = readSecret(checks, input.credential, { checkUrl: settings.checkUrl, allowPrivateNetwork });
  if (input.credential === undefined && before.credential !== null && isElsewhere(before.baseUrl, baseUrl))
    checks.add('credential', 'must be given again: the stored one was given for another address');
  const headers = input.headers === undefined ? before.headers : readHeaders(checks, input.headers ?? {});
  const usable = moves && checks.problems.length === 0 ? normaliseBaseUrl(baseUrl) : baseUrl;
  const healthCheckSeconds =
    input.healthCheckSeconds === undefined ? before.healthCheckSeconds : readHealthCheck(checks, input.healthCheckSeconds);
  const plain = { name, baseUrl: usable, region, headers, allowPrivateNetwork, healthCheckSeconds };
  const changed = { ...before, ...plain, enabled: input.enabled ?? before.enabled };
  return { changed, secret };
}

/** A credential that a mutation sets or clears is no longer refreshed from the environment. */
function changedCredential(
  { cipher }: ChangeSettings,
  before: StoredProvider,
  { secret, at }: { secret: ProviderSecret | null; at: Date },
): Pick<StoredProvider, 'credential' | 'credentialFromEnvironment'> {
  return { credential: secret === null ? null : sealCredential(cipher, before, { secret, setAt: at }), credentialFromEnvironment: false };
}

/** The sandbox's marker is none. */
function isAddress(baseUrl: string): boolean {
  return baseUrl.includes('://');
}

/** Whoever may change the configuration may not read its secrets, nor have them sent to an address of theirs. */
function isElsewhere(before: string, after: string): boolean {
  return before !== after && !(URL.canParse(before) && URL.canParse(after) && new URL(before).origin === new URL(after).origin);
}

async function find(transaction: CatalogueTransaction, text: string): Promise<StoredProvider | null> {
  const id: ProviderId | null = parseId('provider', text);
  return id === null ? null : transaction.provider({ id });
}

function audit(
  transaction: CatalogueTransaction,
  { action, before, after }: { action: string; before: StoredProvider | null; after: StoredProvider | null },
): Promise<void> {
  const id = (after ?? before)?.id ?? '';
  return transaction.audit({
    action,
    target: { kind: 'provider', id },
    before: before && describe(before),
    after: after && describe(after),
  });
}

/** Header values may be secrets all the same: the log names them only. */
function describe(provider: StoredProvider): JsonObject {
  const { slug, name, preset, wireFormat, baseUrl, region, allowPrivateNetwork, healthCheckSeconds, enabled, credential } = provider;
  const shown = credential && { lastFour: credential.lastFour, setAt: credential.setAt.toISOString() };
  return {
    slug,
    name,
    preset,
    wireFormat,
    baseUrl,
    region,
    allowPrivateNetwork,
    healthCheckSeconds,
    enabled,
    headers: Object.keys(provider.headers),
    tls: describeTls(provider.tls),
    credential: shown,
  };
}
