import type { CatalogueSnapshot, ProviderCredential, ProviderTls } from '../core/catalogue.js';
import { GatewayError } from '../core/errors.js';
import type { OrganizationId } from '../core/ids.js';
import type { Logger } from '../core/logger.js';
import type { Cipher } from '../storage/cipher.js';
import type { CatalogueStore } from './catalogue.store.js';
import type { Catalogue } from './contract.js';
import { openCredential } from './credentials.js';
import { assembleSnapshots } from './snapshot.js';
import type { SandboxSettings } from './snapshot.js';
import type { StoredProvider } from './stored.js';
import { openTls } from './tls.js';

export interface CatalogueSettings {
  readonly store: CatalogueStore;
  /** Made for CREDENTIAL_PURPOSE. */
  readonly cipher: Cipher;
  readonly sandbox: SandboxSettings;
  readonly logger: Logger;
}

export interface LoadedCatalogue extends Catalogue {
  /** The version of the last reading; null before the first. */
  version(): number | null;
  organizations(): readonly CatalogueSnapshot[];
}

/** Call `refresh` once before the first `snapshot`. */
export function createCatalogue(settings: CatalogueSettings): LoadedCatalogue {
  let snapshots: ReadonlyMap<OrganizationId, CatalogueSnapshot> = new Map();
  let version: number | null = null;
  const openers = { openCredential: createCredentialReader(settings), openTls: createTlsReader(settings) };

  const load = async (): Promise<void> => {
    const stored = await settings.store.read();
    snapshots = assembleSnapshots(stored, { sandbox: settings.sandbox, ...openers });
    version = stored.version;
  };
  return {
    snapshot(organizationId) {
      const snapshot = snapshots.get(organizationId);
      if (!snapshot) throw new GatewayError('SERVICE_UNAVAILABLE', 'The configuration is not loaded yet.');
      return snapshot;
    },
    refresh: coalesce(load),
    version: () => version,
    organizations: () => [...snapshots.values()],
  };
}

/**
 * Runs one at a time. Who calls while one runs waits for the next, which all of them share: the running one may have read
 * before the caller's commit.
 */
function coalesce(run: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | null = null;
  let next: Promise<void> | null = null;
  const start = (): Promise<void> => {
    running = run().finally(() => {
      running = null;
    });
    return running;
  };
  const startNext = (): Promise<void> => {
    next = null;
    return start();
  };
  return () => {
    if (next) return next;
    if (!running) return start();
    next = running.then(startNext, startNext);
    return next;
  };
}

/** One record that can't be opened must not take the others down; it is told once for each envelope. */
function createCredentialReader({ cipher, logger }: CatalogueSettings): (provider: StoredProvider) => ProviderCredential | null {
  const told = new Set<string>();
  return (provider) => {
    const { credential } = provider;
    if (credential === null || provider.deletedAt !== null) return null;
    try {
      return Object.freeze({
        ...openCredential(cipher, provider, credential),
        lastFour: credential.lastFour,
        setAt: credential.setAt,
      });
    } catch {
      const name = `${provider.id} ${credential.setAt.toISOString()}`;
      if (!told.has(name))
        logger.error({ providerId: provider.id, provider: provider.slug }, 'a provider credential does not open; set it anew');
      told.add(name);
      return null;
    }
  };
}

/** As of a credential: a key that does not open is told once, and calls go without. */
function createTlsReader({ cipher, logger }: CatalogueSettings): (provider: StoredProvider) => ProviderTls | null {
  const told = new Set<string>();
  return (provider) => {
    if (provider.tls === null || provider.deletedAt !== null) return null;
    const tls = openTls(cipher, provider, provider.tls);
    if (provider.tls.clientKey !== null && tls.clientKey === null && !told.has(tls.version)) {
      logger.error({ providerId: provider.id, provider: provider.slug }, 'a provider’s client key does not open; set it anew');
      told.add(tls.version);
    }
    return tls;
  };
}
