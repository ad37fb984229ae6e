import DataLoader from 'dataloader';
import type { Feedback, FeedbackBook } from '../accounting/reports/contract.js';
import type { AccessReader, ApiKey, Team } from '../auth/contract.js';
import type { ApiKeyId, InferenceId, TeamId } from '../core/ids.js';
import type { Principal } from '../core/principal.js';

/** Batches what relations read from the database: one statement a kind and tick, whatever the size of a page. */
export interface Loaders {
  readonly team: DataLoader<TeamId, Team | null>;
  readonly apiKey: DataLoader<ApiKeyId, ApiKey | null>;
  readonly feedback: DataLoader<InferenceId, readonly Feedback[]>;
}

export interface LoaderSources {
  readonly access: AccessReader;
  readonly feedback: FeedbackBook;
}

export function createLoaders({ access, feedback }: LoaderSources, { organizationId }: Principal): Loaders {
  return {
    team: new DataLoader(async (ids) => inOrder(ids, await access.teamsById(organizationId, ids))),
    apiKey: new DataLoader(async (ids) => inOrder(ids, await access.apiKeysById(organizationId, ids))),
    feedback: new DataLoader(async (ids) => {
      const found = await feedback.byInference(organizationId, ids);
      return ids.map((id) => found.get(id) ?? []);
    }),
  };
}

function inOrder<K, V>(ids: readonly K[], found: ReadonlyMap<K, V>): (V | null)[] {
  return ids.map((id) => found.get(id) ?? null);
}
