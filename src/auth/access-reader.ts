import type { Clock } from '../core/clock.js';
import { GatewayError } from '../core/errors.js';
import { parseId } from '../core/ids.js';
import type { ApiKeyId } from '../core/ids.js';
import { isSlug } from '../core/input-checks.js';
import type { AccessStore } from './access.store.js';
import { apiKeyAt } from './api-keys.js';
import type { AccessReader, PageOf } from './contract.js';

export function createAccessReader({ store, clock }: { store: AccessStore; clock: Clock }): AccessReader {
  return {
    async teamsById(organizationId, ids) {
      if (ids.length === 0) return new Map();
      const teams = await store.teamsById(organizationId, ids);
      return new Map(teams.map((team) => [team.id, team]));
    },
    async apiKeysById(organizationId, ids) {
      if (ids.length === 0) return new Map();
      const now = clock.now();
      const keys = await store.apiKeysById(organizationId, ids);
      return new Map(keys.map((key) => [key.id, apiKeyAt(key, now)]));
    },
    async teams(principal, { first, after }) {
      // Anything else may hold what Postgres does not take as text.
      if (after !== null && !isSlug(after)) throw noCursor();
      const only = principal.teamId;
      return toPage(await store.teams(principal.organizationId, { limit: first + 1, afterSlug: after, only }), first);
    },
    async apiKeys(principal, filter, { first, after }) {
      const afterId = positionOf(after);
      if (principal.teamId !== null && filter.teamId !== null && filter.teamId !== principal.teamId) return EMPTY_PAGE;
      const teamId = principal.teamId ?? filter.teamId;
      const { rows, total } = await store.apiKeys(principal.organizationId, { limit: first + 1, afterId, teamId });
      const now = clock.now();
      return toPage({ rows: rows.map((key) => apiKeyAt(key, now)), total }, first);
    },
    async apiKeysOfTeams(principal, teamIds, { first, after }) {
      const afterId = positionOf(after);
      const seen = teamIds.filter((id) => principal.teamId === null || principal.teamId === id);
      if (seen.length === 0) return new Map();
      const found = await store.apiKeysOfTeams(principal.organizationId, { limit: first + 1, afterId, teamIds: seen });
      const now = clock.now();
      return new Map(
        found.map(({ teamId, rows, total }) => [teamId, toPage({ rows: rows.map((key) => apiKeyAt(key, now)), total }, first)]),
      );
    },
  };
}

function positionOf(after: string | null): ApiKeyId | null {
  const id = after === null ? null : parseId('key', after);
  if (after !== null && id === null) throw noCursor();
  return id;
}

const EMPTY_PAGE: PageOf<never> = { nodes: [], hasNextPage: false, totalCount: 0 };

function noCursor(): GatewayError {
  return new GatewayError('BAD_USER_INPUT', 'after: no cursor of this list');
}

/** One row more than asked for tells whether there is a next page. */
function toPage<T>({ rows, total }: { readonly rows: readonly T[]; readonly total: number }, first: number): PageOf<T> {
  return { nodes: rows.slice(0, first), hasNextPage: rows.length > first, totalCount: total };
}
