import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** Where the package lies and which version it is, both from `src/` and from `dist/src/`. */
export function findPackage(): { readonly root: string; readonly version: string } {
  let root = import.meta.dirname;
  while (!existsSync(path.join(root, 'package.json'))) root = path.dirname(root);
  const { version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as { version: string };
  return { root, version };
}
