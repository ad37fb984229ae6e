import type { EntityManager } from 'typeorm';
import type { InferenceId } from '../../core/ids.js';
import { tellReplicas } from '../../storage/notices.js';

/** So many ids stay well below what Postgres takes in one notice. */
const IDS_IN_A_NOTICE = 150;

/** Names the ids in the transaction that books them: a notice is heard when they can be read, or not at all. */
export function tellSettled(replicaId: string): (manager: EntityManager, ids: readonly InferenceId[]) => Promise<void> {
  return async (manager, ids) => {
    for (let from = 0; from < ids.length; from += IDS_IN_A_NOTICE) {
      const payload = JSON.stringify({ by: replicaId, ids: ids.slice(from, from + IDS_IN_A_NOTICE) });
      await tellReplicas(manager, 'settled', payload);
    }
  };
}
