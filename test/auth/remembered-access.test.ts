import { expect, test } from '@jest/globals';
import type { AccessReader, Team } from '../../src/auth/contract.js';
import { rememberAccess } from '../../src/auth/remembered-access.js';
import { GatewayError } from '../../src/core/errors.js';
import { newId } from '../../src/core/ids.js';
import { makeAccess, makeKey, makeTeam, ORGANIZATION } from '../graphql/world.js';

const away = new GatewayError('SERVICE_UNAVAILABLE', 'The database is not available.');

/** A reader whose database can be taken away. */
function readerOf(teams: readonly Team[], keys = [makeKey()]) {
  const state: { fault: Error | null } = { fault: null };
  const reader = makeAccess(teams, keys);
  const unless = <Args extends readonly unknown[], Result>(read: (...args: Args) => Promise<Result>) => {
    return (...args: Args) => (state.fault ? Promise.reject(state.fault) : read(...args));
  };
  const faulty: AccessReader = { ...reader, teamsById: unless(reader.teamsById), apiKeysById: unless(reader.apiKeysById) };
  return { state, keys, access: rememberAccess(faulty) };
}

test('teams and keys are as they were read last, while the database is away', async () => {
  const [blue, red] = [makeTeam('blue'), makeTeam('red')];
  const { state, access, keys } = readerOf([blue, red]);
  const [key] = keys;
  await access.teamsById(ORGANIZATION.id, [blue.id]);
  await access.apiKeysById(ORGANIZATION.id, [key!.id]);
  state.fault = away;
  expect(await access.teamsById(ORGANIZATION.id, [blue.id, blue.id])).toEqual(new Map([[blue.id, blue]]));
  expect(await access.apiKeysById(ORGANIZATION.id, [key!.id])).toEqual(new Map([[key!.id, key]]));
  await expect(access.teamsById(ORGANIZATION.id, [blue.id, red.id])).rejects.toBe(away);
  await expect(access.teamsById(newId('organization'), [blue.id])).rejects.toBe(away);
});

test('any other fault is told', async () => {
  const blue = makeTeam('blue');
  const { state, access } = readerOf([blue]);
  await access.teamsById(ORGANIZATION.id, [blue.id]);
  state.fault = new Error('syntax');
  await expect(access.teamsById(ORGANIZATION.id, [blue.id])).rejects.toThrow('syntax');
});
