import { randomBytes } from 'node:crypto';
import { createAdminKeyGrant } from '../auth/admin-key.store.js';
import { createAuthenticator } from '../auth/authenticator.js';
import type { CachingAuthenticator } from '../auth/authenticator.js';
import { createAuthenticatorStore } from '../auth/authenticator.store.js';
import { createKeyHash, PEPPER_PURPOSE } from '../auth/key-format.js';
import { createCatalogue } from '../catalog/catalogue.js';
import type { LoadedCatalogue } from '../catalog/catalogue.js';
import { createCatalogueStore } from '../catalog/catalogue.store.js';
import { CREDENTIAL_PURPOSE } from '../catalog/credentials.js';
import { seed } from '../catalog/seed.js';
import { createSeedStore } from '../catalog/seed.store.js';
import { Secret } from '../core/secret.js';
import { startSandbox } from '../providers/sandbox.js';
import { KNOWN_PROVIDERS } from './known-providers.js';
import { createConfigurationWatch } from '../storage/change-notices.js';
import type { ConfigurationWatch } from '../storage/change-notices.js';
import { createCipher, deriveKey } from '../storage/cipher.js';
import type { Database } from '../storage/database.js';
import type { Surroundings } from './surroundings.js';

const RELOAD_AFTER_MS = 1_000;

/** What a request stands on: the configuration in memory, who may ask, and how both are kept true. */
export interface Foundation {
  readonly catalogue: LoadedCatalogue;
  readonly authenticator: CachingAuthenticator;
  readonly watch: ConfigurationWatch;
  readonly adminKey: Secret | null;
}

export async function layFoundation(surroundings: Surroundings, database: Database): Promise<Foundation> {
  const { config, logger, clock, teardown } = surroundings;
  const { unitOfWork } = database;
  const sandbox = config.sandbox === 'off' ? null : teardown.add('sandbox', await startSandbox(), (opened) => opened.close());
  const hashKey = keyHashOf(database);
  const cipher = credentialCipherOf(database);
  const grant = createAdminKeyGrant({ adminKey: config.adminKey, hashKey, randomBytes });
  const { adminKey } = await seed({
    ...{ clock, logger, cipher, known: KNOWN_PROVIDERS, environmentProviders: config.providerKeys },
    store: createSeedStore(unitOfWork, grant),
  });
  const catalogue = createCatalogue({
    ...{ cipher, logger, store: createCatalogueStore(unitOfWork, logger) },
    sandbox: { mode: config.sandbox, baseUrl: sandbox?.baseUrl ?? null },
  });
  const authenticator: CachingAuthenticator = createAuthenticator({
    ...{ hashKey, clock, logger, store: createAuthenticatorStore(database.swiftWork) },
    confirmedAt: () => watch.confirmedAt(),
  });
  teardown.add('key uses', authenticator, (opened) => opened.flush());
  const follow = followConfiguration(surroundings, catalogue, authenticator);
  const watch: ConfigurationWatch = createConfigurationWatch({ ...database, clock, logger, onVersion: follow });
  await catalogue.refresh();
  await teardown.add('configuration watch', watch, (opened) => opened.stop()).start();
  return { catalogue, authenticator, watch, adminKey };
}

/** What every replica does when the configuration has moved; a reading that fails is tried again until one succeeds. */
function followConfiguration({ clock, logger }: Surroundings, catalogue: LoadedCatalogue, authenticator: CachingAuthenticator): () => void {
  const reload = (): void => {
    catalogue.refresh().catch((error: unknown) => {
      logger.warn({ err: error }, 'the changed configuration could not be read; trying again');
      clock.after(RELOAD_AFTER_MS, reload);
    });
  };
  return () => {
    authenticator.invalidate();
    reload();
  };
}

export function keyHashOf({ masterKey }: Database) {
  return createKeyHash(new Secret(deriveKey(masterKey, PEPPER_PURPOSE)));
}

export function credentialCipherOf({ masterKey }: Database) {
  return createCipher({ masterKey, purpose: CREDENTIAL_PURPOSE, randomBytes });
}
