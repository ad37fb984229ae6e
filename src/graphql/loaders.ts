import DataLoader from 'dataloader';
import type { Feedback, FeedbackBook } from '../accounting/reports/contract.js';
import type { AccessReader, ApiKey, Page, PageOf, Team } from '../auth/contract.js';
import type { AssistantMessage } from '../core/answer.js';
import type { Message } from '../core/completion.js';
import type { ApiKeyId, InferenceId, TeamId } from '../core/ids.js';
import type { InferenceRecord } from '../core/inference.js';
import type { OperationResult } from '../core/operations.js';
import type { Principal } from '../core/principal.js';
import type { Completions } from '../inference/contract.js';

/** Batches what relations read from the database: one statement a kind and tick, whatever the size of a page. */
export interface Loaders {
  readonly team: DataLoader<TeamId, Team | null>;
  readonly apiKey: DataLoader<ApiKeyId, ApiKey | null>;
  readonly teamKeys: DataLoader<TeamKeysRequest, PageOf<ApiKey>, string>;
  readonly feedback: DataLoader<InferenceId, readonly Feedback[]>;
  /** As the principal may see them, by what callers sent as their id. */
  readonly record: DataLoader<string, InferenceRecord | null>;
  readonly message: DataLoader<InferenceRecord, AssistantMessage | null, InferenceId>;
  readonly result: DataLoader<InferenceRecord, OperationResult | null, InferenceId>;
  readonly prompt: DataLoader<InferenceRecord, readonly Message[] | null, InferenceId>;
}

/** A page of one team's keys. */
export interface TeamKeysRequest {
  readonly teamId: TeamId;
  readonly page: Page;
}

export interface LoaderSources {
  readonly access: AccessReader;
  readonly feedback: FeedbackBook;
  readonly completions: Pick<Completions, 'records' | 'messages' | 'results' | 'prompts'>;
}

export function createLoaders({ access, feedback, completions }: LoaderSources, principal: Principal): Loaders {
  const { organizationId } = principal;
  return {
    team: new DataLoader(async (ids) => inOrder(ids, await access.teamsById(organizationId, ids))),
    apiKey: new DataLoader(async (ids) => inOrder(ids, await access.apiKeysById(organizationId, ids))),
    teamKeys: new DataLoader((requests) => pagesOfTeams(access, principal, requests), {
      cacheKeyFn: ({ teamId, page }) => `${teamId} ${pageName(page)}`,
    }),
    feedback: new DataLoader(async (ids) => {
      const found = await feedback.byInference(organizationId, ids);
      return ids.map((id) => found.get(id) ?? []);
    }),
    record: new DataLoader(async (ids) => inOrder(ids, await completions.records(principal, ids))),
    message: new DataLoader(async (records) => inOrder(records.map(idOf), await completions.messages(principal, records)), {
      cacheKeyFn: idOf,
    }),
    result: new DataLoader(async (records) => inOrder(records.map(idOf), await completions.results(principal, records)), {
      cacheKeyFn: idOf,
    }),
    prompt: new DataLoader(async (records) => inOrder(records.map(idOf), await completions.prompts(principal, records)), {
      cacheKeyFn: idOf,
    }),
  };
}

function idOf({ id }: InferenceRecord): InferenceId {
  return id;
}

function inOrder<K, V>(ids: readonly K[], found: ReadonlyMap<K, V>): (V | null)[] {
  return ids.map((id) => found.get(id) ?? null);
}

const NO_KEYS: PageOf<ApiKey> = { nodes: [], hasNextPage: false, totalCount: 0 };

/** Teams of one list are asked for the same page: one read for all of them. */
async function pagesOfTeams(access: AccessReader, principal: Principal, requests: readonly TeamKeysRequest[]): Promise<PageOf<ApiKey>[]> {
  const reads = new Map<string, Promise<ReadonlyMap<TeamId, PageOf<ApiKey>>>>();
  const readOf = (page: Page) => {
    const name = pageName(page);
    const known = reads.get(name);
    if (known) return known;
    const teamIds = requests.flatMap((request) => (pageName(request.page) === name ? [request.teamId] : []));
    const read = access.apiKeysOfTeams(principal, teamIds, page);
    reads.set(name, read);
    return read;
  };
  return Promise.all(requests.map(async ({ teamId, page }) => (await readOf(page)).get(teamId) ?? NO_KEYS));
}

function pageName({ first, after }: Page): string {
  return `${first} ${after ?? ''}`;
}
