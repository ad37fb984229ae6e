import { expect, test } from '@jest/globals';
import type { AccessReader, Team } from '../../src/auth/contract.js';
import { READ_PATIENCE_MS } from '../../src/auth/patience.js';
import { rememberAccess } from '../../src/auth/remembered-access.js';
import { GatewayError } from '../../src/core/errors.js';
import { newId } from '../../src/core/ids.js';
import { createManualClock, settled } from '../kit/manual-clock.js';
import { makeAccess, makeKey, makeTeam, ORGANIZATION } from '../graphql/world.js';

const away = new GatewayError('SERVICE_UNAVAILABLE', 'The database is not available.');

/** A reader whose database can be taken away. */
function readerOf(teams: readonly Team[], keys = [makeKey()]) {
  const state: { fault: Error | null; silent: boolean } = { fault: null, silent: false };
  const clock = createManualClock();
  const reader = makeAccess(teams, keys);
  const unless = <Args extends readonly unknown[], Result>(read: (...args: Args) => Promise<Result>) => {
    return (...args: Args) => {
      if (state.silent) return new Promise<Result>(() => undefined);
      return state.fault ? Promise.reject(state.fault) : read(...args);
    };
  };
  const faulty: AccessReader = { ...reader, teamsById: unless(reader.teamsById), apiKeysById: unless(reader.apiKeysById) };
  return { state, keys, access: rememberAccess(faulty, clock), clock };
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

test('D2 a database that does not answer is not waited for by who was read before', async () => {
  const [blue, red] = [makeTeam('blue'), makeTeam('red')];
  const { state, access, clock } = readerOf([blue, red]);
  await access.teamsById(ORGANIZATION.id, [blue.id]);
  state.silent = true;
  const known = access.teamsById(ORGANIZATION.id, [blue.id]);
  let answered = false;
  void access.teamsById(ORGANIZATION.id, [blue.id, red.id]).then(() => (answered = true));
  await clock.advance(READ_PATIENCE_MS);
  expect(await known).toEqual(new Map([[blue.id, blue]]));
  await settled();
  expect(answered).toBe(false);
});
