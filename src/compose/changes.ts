import { randomBytes } from 'node:crypto';
import { createAccessReader } from '../auth/access-reader.js';
import { rememberAccess } from '../auth/remembered-access.js';
import { createAccessStore } from '../auth/access.store.js';
import { createAccessChanges } from '../auth/access.js';
import { createCatalogueChangeStore } from '../catalog/change.store.js';
import { createCatalogueChanges } from '../catalog/changes.js';
import { checkUrl } from '../providers/network-guard.js';
import { KNOWN_PROVIDERS } from './known-providers.js';
import type { Router } from '../routing/contract.js';
import type { Database } from '../storage/database.js';
import { credentialCipherOf, keyHashOf } from './foundation.js';
import type { Foundation } from './foundation.js';
import type { Surroundings } from './surroundings.js';

/** Reading and changing who has access, and the catalogue. */
export function composeChanges(
  { clock }: Surroundings,
  database: Database,
  { catalogue, authenticator, router }: Foundation & { readonly router: Router },
) {
  const { unitOfWork } = database;
  const store = createAccessStore(unitOfWork);
  return {
    access: rememberAccess(createAccessReader({ store, clock }), clock),
    accessChanges: createAccessChanges({
      ...{ store, clock, randomBytes, hashKey: keyHashOf(database) },
      modelExists: (organizationId, slug) => catalogue.snapshot(organizationId).models.bySlug.has(slug),
      onKeyChanged: (id) => {
        authenticator.invalidate(id);
      },
    }),
    catalogueChanges: createCatalogueChanges({
      ...{ catalogue, clock, known: KNOWN_PROVIDERS, cipher: credentialCipherOf(database) },
      store: createCatalogueChangeStore(unitOfWork),
      checkUrl: (url, rules) => checkUrl(url.href, rules),
      checkRoute: (question) => router.check(question),
    }),
  };
}
