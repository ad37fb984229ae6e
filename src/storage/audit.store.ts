import type { EntityManager } from 'typeorm';
import type { Actor } from '../core/actor.js';
import type { Result, UserError } from '../core/errors.js';
import { newId, uuidFromId } from '../core/ids.js';
import type { IdPrefix, OrganizationId } from '../core/ids.js';
import type { JsonObject } from '../core/json.js';
import { bumpConfigurationVersion } from './change-notices.js';
import type { UnitOfWork } from './unit-of-work.js';

/** One change as the audit log keeps it: plain JSON without secrets. `before` is null for what is new, `after` for what is gone. */
export interface AuditedChange {
  /** The mutation's name, or what start-up did. */
  readonly action: string;
  readonly target: { readonly kind: IdPrefix; readonly id: string };
  readonly before: JsonObject | null;
  readonly after: JsonObject | null;
}

export interface ChangeContext {
  readonly organizationId: OrganizationId;
  /** Null: the product itself, at start. */
  readonly actor: Actor | null;
  readonly at: Date;
}

export type Audit = (change: AuditedChange) => Promise<void>;

/**
 * Runs one change of configuration or keys.
 *
 * 1. Changes of one organization come one after another, so what `run` has checked holds until the commit.
 * 2. Rows and audit rows are written in one transaction, which ends by raising the configuration version.
 * 3. A refusal leaves nothing behind: its transaction is rolled back.
 *
 * @throws GatewayError SERVICE_UNAVAILABLE where the database is away.
 */
export async function runChange<T>(
  unitOfWork: UnitOfWork,
  context: ChangeContext,
  run: (manager: EntityManager, audit: Audit) => Promise<Result<T>>,
): Promise<Result<T>> {
  try {
    return await unitOfWork.asOrganization(context.organizationId, async (manager) => {
      await lockOrganization(manager, context.organizationId);
      let audited = 0;
      const result = await run(manager, async (change) => {
        audited += 1;
        await writeAuditEntry(manager, context, change);
      });
      if (!result.ok) throw new Refusal(result);
      if (audited > 0) await bumpConfigurationVersion(manager);
      return result;
    });
  } catch (error) {
    if (error instanceof Refusal) return error.result;
    throw error;
  }
}

/** Whoever changes an organization's configuration holds this until the commit. */
export async function lockOrganization(manager: EntityManager, organizationId: OrganizationId): Promise<void> {
  await manager.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [`glidepath change ${organizationId}`]);
}

export async function writeAuditEntry(manager: EntityManager, context: ChangeContext, change: AuditedChange): Promise<void> {
  const keyId = context.actor?.principal.apiKeyId ?? null;
  await manager.query(
    `INSERT INTO audit_entry (id, organization_id, at, actor_api_key_id, actor, action, target_id, target_kind, before, after, request_id)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9::jsonb, $10::jsonb, $11)`,
    [
      uuidFromId(newId('audit')),
      uuidFromId(context.organizationId),
      context.at,
      keyId === null ? null : uuidFromId(keyId),
      keyId ?? 'system',
      change.action,
      change.target.id,
      change.target.kind,
      change.before === null ? null : JSON.stringify(change.before),
      change.after === null ? null : JSON.stringify(change.after),
      context.actor?.requestId ?? null,
    ],
  );
}

/** Carries a refusal out of the transaction, so that it rolls back. */
class Refusal extends Error {
  constructor(readonly result: { readonly ok: false; readonly error: UserError }) {
    super('refused');
  }
}
