import { describe, expect, test } from '@jest/globals';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { REPOSITORY } from './cruise.js';

const read = (file: string) => readFileSync(path.join(REPOSITORY, file), 'utf8');
const PAGES = [
  'README.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  ...readdirSync(path.join(REPOSITORY, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];
const anchorOf = (heading: string) =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replaceAll(/\s/g, '-');
const anchorsOf = (file: string) => [...read(file).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => anchorOf(heading));

describe('the pages agree with what is there', () => {
  test.each(PAGES)('every link of %s leads somewhere', (page) => {
    const links = [...read(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link).filter((link) => !/^https?:/.test(link));
    const broken = links.filter((link) => {
      const [file = '', anchor] = link.split('#');
      const target = file === '' ? page : path.join(path.dirname(page), file);
      if (!existsSync(path.join(REPOSITORY, target))) return true;
      return anchor !== undefined && !anchorsOf(target).includes(anchor);
    });
    expect(broken).toEqual([]);
  });

  test('every variable that config reads is in the README or the reference of vendors, and no other', () => {
    const words = (text: string) =>
      new Set([...text.matchAll(/['`\s]([A-Z][A-Z_]*_[A-Z]+|HOST|PORT|SANDBOX|INTROSPECTION)['`:]/g)].map(([, word = '']) => word));
    const [, table = ''] = /## Configuration\n([\s\S]*?)\n## /.exec(read('README.md')) ?? [];
    // Node reads its own.
    const vendors = read('docs/reference/providers.md').split('\n');
    const documented = new Set([
      ...[...words(table)].filter((word) => !word.startsWith('NODE_')),
      ...vendors.flatMap((row) => [...words(row.split(' | ')[4] ?? '')]),
    ]);
    const parts = readdirSync(path.join(REPOSITORY, 'src/config'), { encoding: 'utf8' }).map((name) => read(`src/config/${name}`));
    const source = [read('src/config.ts'), ...parts].join('\n');
    const used = [...source.matchAll(/(?:reader\.\w+\(|env\[|\burl\()'([A-Z_]+)'|^ {2}([A-Z]+_[A-Z_]+): '/gm)].map(
      ([, one, other]) => one ?? other,
    );
    expect(new Set(used).size).toBeGreaterThan(15);
    expect([...documented].toSorted()).toEqual([...new Set(used)].toSorted());
  });

  test('every folder of the source is in the table of ARCHITECTURE.md', () => {
    const page = read('docs/ARCHITECTURE.md');
    const folders = readdirSync(path.join(REPOSITORY, 'src'), { recursive: false, encoding: 'utf8', withFileTypes: true })
      .filter((entry) => entry.isDirectory() && readdirSync(path.join(REPOSITORY, 'src', entry.name)).length > 0)
      .map((entry) => entry.name);
    expect(folders.filter((name) => !page.includes(`\`src/${name}/\``))).toEqual([]);
  });

  test('every file that "where do I change X" names is there', () => {
    const [, table = ''] = /## Where do I change X\n([\s\S]*)/.exec(read('docs/ARCHITECTURE.md')) ?? [];
    const named = [...table.matchAll(/`((?:src|test|migrations|docs)\/[\w./-]+)`/g)].map(([, name = '']) => name);
    expect(named.length).toBeGreaterThan(8);
    expect(named.filter((name) => !existsSync(path.join(REPOSITORY, name)))).toEqual([]);
  });

  test('every npm script that a page names exists', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const named = PAGES.flatMap((page) => [...read(page).matchAll(/npm run ([a-z:]+)/g)].map(([, name = '']) => name));
    expect(named.length).toBeGreaterThan(5);
    expect(named.filter((name) => !(name in scripts))).toEqual([]);
  });

  test('decisions are numbered without gaps, short, and of one form', () => {
    const names = readdirSync(path.join(REPOSITORY, 'docs/adr')).toSorted();
    expect(names.map((name) => Number(name.slice(0, 4)))).toEqual(names.map((_name, index) => index + 1));
    for (const name of names) {
      const text = read(`docs/adr/${name}`);
      expect(text.trimEnd().split('\n').length).toBeLessThanOrEqual(40);
      expect([...text.matchAll(/^## (.+)$/gm)].map(([, heading]) => heading)).toEqual([
        'Context',
        'Decision',
        'Consequences',
        'What else was tried',
      ]);
    }
  });
});
