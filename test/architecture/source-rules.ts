import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** One broken rule, told so that the reader knows where it is and why the rule exists. */
export interface Violation {
  readonly rule: string;
  readonly where: string;
  readonly adr: string;
}

export const SIZE_LIMIT = 250;
/** Files that may be longer, each with its reason. Keep it empty. */
export const SIZE_EXCEPTIONS: Readonly<Record<string, string>> = {};

const RANKS_ADR = 'docs/adr/0001-folder-ranks.md';

function sourceFiles(root: string, folders: readonly string[]): readonly string[] {
  return folders
    .filter((folder) => existsSync(path.join(root, folder)))
    .flatMap((folder) => readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' }).map((name) => `${folder}/${name}`))
    .filter((file) => file.endsWith('.ts'));
}

const ENVIRONMENT =
  /\bprocess\s*(?:\?\.|\.)\s*env\b|\bprocess\s*\[\s*['"`]env|import\s*\{[^}]*\benv\b[^}]*\}\s*from\s*['"](?:node:)?process['"]/;

/** `process.env` is read in src/config.ts alone. Comments don't count. */
export function environmentReaders(root: string): readonly Violation[] {
  return sourceFiles(root, ['src', 'migrations'])
    .filter((file) => file !== 'src/config.ts')
    .filter((file) => ENVIRONMENT.test(withoutComments(readFileSync(path.join(root, file), 'utf8'))))
    .map((where) => ({ rule: 'only config reads the environment', where, adr: RANKS_ADR }));
}

/** No file of ours is longer than the limit. */
export function longFiles(root: string): readonly Violation[] {
  return sourceFiles(root, ['src'])
    .filter((file) => !(file in SIZE_EXCEPTIONS))
    .map((file) => ({ file, lines: readFileSync(path.join(root, file), 'utf8').trimEnd().split('\n').length }))
    .filter(({ lines }) => lines > SIZE_LIMIT)
    .map(({ file, lines }) => ({ rule: `a file has at most ${SIZE_LIMIT} lines`, where: `${file}: ${lines}`, adr: RANKS_ADR }));
}

function withoutComments(source: string): string {
  return source.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '');
}
