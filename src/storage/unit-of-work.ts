import { QueryFailedError } from 'typeorm';
import type { DataSource, EntityManager } from 'typeorm';
import { uuidFromId } from '../core/ids.js';
import type { OrganizationId } from '../core/ids.js';
import { asGatewayError } from './connection-errors.js';
import { APP_ROLE, WRITER_ROLE } from './roles.js';

/** A transaction whose rights the database itself limits. `run` must not keep the manager beyond its end. */
export interface UnitOfWork {
  /** Sees and changes this organization's rows only. */
  asOrganization<T>(organizationId: OrganizationId, run: (manager: EntityManager) => Promise<T>): Promise<T>;
  /** For what spans organizations: key lookup, snapshots, the ledger. */
  asWriter<T>(run: (manager: EntityManager) => Promise<T>): Promise<T>;
}

/** What one statement may take at most: past it the database cancels it, and the connection is free again. */
const STATEMENT_TIMEOUT_MS = 30_000;

/** @throws GatewayError SERVICE_UNAVAILABLE where the database can't be reached or answer; whatever else `run` throws. */
export function createUnitOfWork(dataSource: DataSource): UnitOfWork {
  const transaction = async <T>(role: string, organization: string, run: (manager: EntityManager) => Promise<T>): Promise<T> => {
    try {
      return await dataSource.transaction(async (manager) => {
        // `true` binds each setting to the transaction, so a pooled connection carries nothing over.
        await manager.query(
          `SELECT set_config('role', $1, true), set_config('glidepath.organization_id', $2, true), set_config('statement_timeout', $3, true)`,
          [role, organization, String(STATEMENT_TIMEOUT_MS)],
        );
        return await run(manager);
      });
    } catch (error) {
      // Bound values may be credentials or hashes, and a logger writes every property of an error.
      if (error instanceof QueryFailedError) Reflect.deleteProperty(error, 'parameters');
      throw asGatewayError(error);
    }
  };
  return {
    asOrganization: (organizationId, run) => transaction(APP_ROLE, uuidFromId(organizationId), run),
    asWriter: (run) => transaction(WRITER_ROLE, '', run),
  };
}
