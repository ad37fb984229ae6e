import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { fromString, fromUUID, toUUID } from 'typeid-js';
import { ID_PREFIXES, idFromUuid, newId, newUuid, parseId, uuidFromId } from '../../src/core/ids.js';

const prefix = fc.constantFrom(...ID_PREFIXES);

const withHyphens = (hex: string) => hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');

describe('ids', () => {
  test.each(ID_PREFIXES)('%s has a new id of its own kind', (name) => {
    const id = newId(name);
    expect(id).toMatch(new RegExp(`^${name}_[0-7][0-9a-hjkmnp-tv-z]{25}$`));
    expect(parseId(name, id)).toBe(id);
  });

  test('a uuid survives its public form, and back', () => {
    fc.assert(
      fc.property(prefix, fc.uuid(), (name, uuid) => {
        const id = idFromUuid(name, uuid);
        expect(uuidFromId(id)).toBe(uuid);
        expect(parseId(name, id)).toBe(id);
      }),
    );
  });

  test('the known example of the specification', () => {
    expect(idFromUuid('key', '01890a5d-ac96-774b-bcce-b302099a8057')).toBe('key_01h455vb4pex5vsknk084sn02q');
  });

  test('every id is what the reference implementation makes of it', () => {
    fc.assert(
      fc.property(prefix, fc.oneof(fc.uuid(), fc.constantFrom('0'.repeat(32), 'f'.repeat(32)).map(withHyphens)), (name, uuid) => {
        const id = idFromUuid(name, uuid);
        expect(id).toBe(fromUUID(uuid, name).toString());
        expect(uuidFromId(id)).toBe(toUUID(fromString(id)));
      }),
    );
    expect(toUUID(fromString(newId('attempt'), 'attempt'))).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7/);
  });

  test('a UUID in upper case is the same id', () => {
    const uuid = '01890a5d-ac96-774b-bcce-b302099a8057';
    expect(idFromUuid('key', uuid.toUpperCase())).toBe(idFromUuid('key', uuid));
  });

  test.each([
    '',
    'ffffffff',
    '01890a5dac96774bbcceb302099a8057',
    '01890a5d-ac96-774b-bcce-b302099a805g',
    '01890a5d-ac96-774b-bcce-b302099a80571',
  ])('%j is no UUID to make an id of', (uuid) => {
    expect(() => idFromUuid('key', uuid)).toThrow(RangeError);
  });

  test.each(['key_', 'key_81h455vb4pex5vsknk084sn02q', 'key_01h455vb4pex5vsknk084sn02u'] as const)('%j has no UUID', (id) => {
    expect(() => uuidFromId(id)).toThrow(RangeError);
  });

  test('new request ids are UUIDs that differ, over many pages of random words', () => {
    const uuids = Array.from({ length: 3_000 }, () => newUuid());
    expect(new Set(uuids).size).toBe(3_000);
    for (const uuid of uuids) expect(uuid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });

  test('new ids are version 7, differ, and sort by their making', () => {
    const ids = Array.from({ length: 1_000 }, () => newId('completion'));
    expect(ids.toSorted()).toEqual(ids);
    expect(new Set(ids).size).toBe(1_000);
    for (const id of ids) expect(uuidFromId(id)).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });

  test('an id of another kind is absent', () => {
    fc.assert(
      fc.property(prefix, prefix, (wanted, other) => {
        fc.pre(wanted !== other);
        expect(parseId(wanted, newId(other))).toBeNull();
      }),
    );
  });

  test.each([
    '',
    'key',
    'key_',
    'key_1',
    'KEY_01h455vb4pex5vsknk084sn02q',
    'key_01H455VB4PEX5VSKNK084SN02Q',
    'key_81h455vb4pex5vsknk084sn02q',
    'key_01h455vb4pex5vsknk084sn02u',
    'key_01h455vb4pex5vsknk084sn02q\n',
    'key_key_01h455vb4pex5vsknk084sn02q',
    '01890a5d-ac96-774b-bcce-b302099a8057',
  ])('%j is no key', (text) => {
    expect(parseId('key', text)).toBeNull();
  });

  test('no text whatever throws', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect([null, `team_${text}`]).toContain(parseId('team', `team_${text}`));
      }),
    );
  });
});
