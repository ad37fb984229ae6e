import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { newId } from '../../src/core/ids.js';
import { hasPermission, seesTeam } from '../../src/core/principal.js';
import type { Principal } from '../../src/core/principal.js';
import { PERMISSIONS } from '../../src/core/vocabulary.js';
import type { Permission } from '../../src/core/vocabulary.js';

function holding(...permissions: Permission[]): Principal {
  return {
    organizationId: newId('organization'),
    apiKeyId: newId('key'),
    teamId: null,
    permissions: new Set(permissions),
    models: null,
    tags: [],
    expiresAt: null,
  };
}

const granted = (principal: Principal) => PERMISSIONS.filter((permission) => hasPermission(principal, permission));

describe('permissions', () => {
  test.each<[Permission, readonly Permission[]]>([
    ['INFERENCE', ['INFERENCE']],
    ['USAGE_READ', ['USAGE_READ']],
    ['PAYLOAD_READ', ['PAYLOAD_READ']],
    ['CATALOG_READ', ['CATALOG_READ']],
    ['CONFIG_WRITE', ['CATALOG_READ', 'CONFIG_WRITE']],
    ['KEYS_WRITE', ['KEYS_WRITE']],
    ['BUDGETS_WRITE', ['USAGE_READ', 'BUDGETS_WRITE']],
    ['AUDIT_READ', ['AUDIT_READ']],
    ['ADMIN', PERMISSIONS],
  ])('%s grants %j', (held, expected) => {
    expect(granted(holding(held))).toEqual(expected);
  });

  test('no permission grants nothing', () => {
    expect(granted(holding())).toEqual([]);
  });

  test('more permissions never grant less, and nobody but ADMIN becomes ADMIN', () => {
    fc.assert(
      fc.property(fc.subarray([...PERMISSIONS]), fc.constantFrom(...PERMISSIONS), (held, more) => {
        const before = granted(holding(...held));
        const after = granted(holding(...held, more));
        expect(after).toEqual(expect.arrayContaining(before));
        expect(before.includes('ADMIN')).toBe(held.includes('ADMIN'));
      }),
    );
  });
});

describe('teams', () => {
  const [own, other] = [newId('team'), newId('team')];

  test('an organization-wide key sees every team, and what belongs to none', () => {
    for (const team of [own, other, null]) expect(seesTeam(holding(), team)).toBe(true);
  });

  test('a team’s key sees its own team only, not even what belongs to none', () => {
    const principal = { ...holding('ADMIN'), teamId: own };
    expect([own, other, null].map((team) => seesTeam(principal, team))).toEqual([true, false, false]);
  });
});
