import type { Organization } from '../core/catalogue.js';
import { fail, invalidRequest, ok } from '../core/errors.js';
import { createInputChecks } from '../core/input-checks.js';
import { PAYLOAD_STORAGE_MODES, RETENTION_DAYS } from '../core/payload-storage.js';
import type { PayloadStorage } from '../core/payload-storage.js';
import { inForce } from './change-context.js';
import type { ChangeSettings } from './change-context.js';
import type { CatalogueChanges } from './contract.js';

export function createOrganizationChanges(settings: ChangeSettings): Pick<CatalogueChanges, 'updatePayloadStorage'> {
  return {
    updatePayloadStorage: (actor, { mode, retentionDays }) => {
      const { organizationId } = actor.principal;
      const organization = (): Organization => settings.catalogue.snapshot(organizationId).organization;
      return inForce(settings, actor, {
        run: async ({ transaction }) => {
          const checks = createInputChecks();
          checks.word('mode', mode, PAYLOAD_STORAGE_MODES);
          if (retentionDays === null) checks.add('retentionDays', 'can’t be cleared');
          else if (retentionDays !== undefined) checks.integer('retentionDays', retentionDays, RETENTION_DAYS);
          if (checks.problems.length > 0) return fail(invalidRequest(checks.problems));
          const before = await transaction.payloadStorage();
          const after: PayloadStorage = { mode, retentionDays: retentionDays ?? before.retentionDays };
          await transaction.savePayloadStorage(after);
          const target = { kind: 'organization', id: organizationId } as const;
          await transaction.audit({ action: 'updatePayloadStorage', target, before: { ...before }, after: { ...after } });
          return ok(organizationId);
        },
        read: organization,
      });
    },
  };
}
