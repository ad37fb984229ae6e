import pg from 'pg';
import { QueryFailedError } from 'typeorm';
import type { DataSource, EntityManager, QueryRunner } from 'typeorm';
import { systemClock } from '../core/clock.js';
import type { Clock } from '../core/clock.js';
import { uuidFromId } from '../core/ids.js';
import type { OrganizationId } from '../core/ids.js';
import { asGatewayError, isLost, isUnreachable, wasSilent } from './connection-errors.js';
import { createConnectionGate } from './connection-gate.js';
import type { ConnectionGate } from './connection-gate.js';
import { DEFAULT_POOL_SIZE } from './data-source.js';
import { APP_ROLE, WRITER_ROLE } from './roles.js';

/** A transaction whose rights the database itself limits. `run` must not keep the manager beyond its end. */
export interface UnitOfWork {
  /** Sees and changes this organization's rows only. */
  asOrganization<T>(organizationId: OrganizationId, run: (manager: EntityManager) => Promise<T>): Promise<T>;
  /** For what spans organizations: key lookup, snapshots, the ledger. */
  asWriter<T>(run: (manager: EntityManager) => Promise<T>): Promise<T>;
}

export interface WorkLimits {
  /** What one statement may take: past it the database cancels it, and the connection is free again. */
  readonly statementMs: number;
  /** What a transaction may take, where a network that swallows everything must not hold a caller: past it the connection is given up. */
  readonly transactionMs: number;
}

/** For reports, batches and jobs: a transaction may span whatever its owner does. */
export const PATIENT: WorkLimits = { statementMs: 30_000, transactionMs: Infinity };
/** For the few indexed statements that a call waits for. */
export const SWIFT: WorkLimits = { statementMs: 8_000, transactionMs: 10_000 };

export interface UnitOfWorkOptions {
  readonly limits?: WorkLimits;
  /** Shared by all who use the same pool. */
  readonly gate?: ConnectionGate;
  readonly clock?: Clock;
}

interface Worker extends Required<UnitOfWorkOptions> {
  readonly dataSource: DataSource;
}

interface Identity {
  readonly role: string;
  readonly organization: string;
}

export function createGate(dataSource: DataSource, clock: Clock = systemClock): ConnectionGate {
  const { options } = dataSource;
  return createConnectionGate({ clock, connections: (options.type === 'postgres' ? options.poolSize : null) ?? DEFAULT_POOL_SIZE });
}

/** @throws GatewayError SERVICE_UNAVAILABLE where the database can't be reached or answer; whatever else `run` throws. */
export function createUnitOfWork(dataSource: DataSource, options: UnitOfWorkOptions = {}): UnitOfWork {
  const { limits = PATIENT, clock = systemClock, gate = createGate(dataSource, clock) } = options;
  const worker: Worker = { dataSource, limits, clock, gate };
  return {
    asOrganization: (organizationId, run) => work(worker, { role: APP_ROLE, organization: uuidFromId(organizationId) }, run),
    asWriter: (run) => work(worker, { role: WRITER_ROLE, organization: '' }, run),
  };
}

async function work<T>(worker: Worker, identity: Identity, run: (manager: EntityManager) => Promise<T>): Promise<T> {
  const leave = await worker.gate.enter();
  try {
    return await inTransaction(await begin(worker, identity), run);
  } catch (error) {
    // Bound values may be credentials or hashes, and a logger writes every property of an error.
    if (error instanceof QueryFailedError) Reflect.deleteProperty(error, 'parameters');
    throw asGatewayError(error);
  } finally {
    leave();
  }
}

/** A connection, and a transaction on it. */
interface Session {
  readonly runner: QueryRunner;
  /** It has not answered, or nobody knows in what state it is: the pool must not hand it out again. */
  giveUp(): void;
  /** Resolves when the pool has it back. */
  end(): Promise<void>;
}

/** A connection that broke while nobody used it is found out by its first statement; nothing has been done by then, so another is tried. */
async function begin(worker: Worker, { role, organization }: Identity): Promise<Session> {
  for (let again = true; ; again = false) {
    const session = await connect(worker);
    try {
      await session.runner.startTransaction();
      // `true` binds each setting to the transaction, so a pooled connection carries nothing over.
      await session.runner.manager.query(
        `SELECT set_config('role', $1, true), set_config('glidepath.organization_id', $2, true), set_config('statement_timeout', $3, true)`,
        [role, organization, String(worker.limits.statementMs)],
      );
      return session;
    } catch (error) {
      session.giveUp();
      await session.end();
      if (!again || !isLost(error)) throw error;
    }
  }
}

/** Who can't connect at all knows it for everybody who waits. */
async function connect({ dataSource, limits, clock, gate }: Worker): Promise<Session> {
  const runner = dataSource.createQueryRunner();
  let client: unknown;
  try {
    client = await runner.connect();
  } catch (error) {
    await runner.release();
    if (isUnreachable(error)) gate.turnAway(asGatewayError(error));
    throw error;
  }
  const giveUp = (): void => void destroy(client);
  const cancelTimer = limits.transactionMs === Infinity ? () => undefined : clock.after(limits.transactionMs, giveUp);
  return {
    runner,
    giveUp,
    async end() {
      cancelTimer();
      await runner.release();
    },
  };
}

/** pg breaks the socket of a client that still waits for an answer, and tells whoever waited; the pool drops it when it is released. */
async function destroy(client: unknown): Promise<void> {
  if (client instanceof pg.Client) await client.end().catch(() => undefined);
}

async function inTransaction<T>({ runner, giveUp, end }: Session, run: (manager: EntityManager) => Promise<T>): Promise<T> {
  try {
    const result = await run(runner.manager);
    await runner.commitTransaction();
    return result;
  } catch (error) {
    if (wasSilent(error)) giveUp();
    await runner.rollbackTransaction().catch(giveUp);
    throw error;
  } finally {
    await end();
  }
}
