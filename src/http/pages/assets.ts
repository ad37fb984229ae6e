import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';

/** One file of the built GraphiQL, kept in memory: they are few, and every page load wants them all. */
export interface Asset {
  readonly content: Buffer;
  /** The same, compressed at build time. */
  readonly brotli: Buffer | null;
  readonly contentType: string;
  readonly cacheControl: string;
}

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.ttf': 'font/ttf',
  '.woff2': 'font/woff2',
  '.svg': 'image/svg+xml',
};

/** By path below /graphiql/. Empty where nothing is built; what is not of a known type is not served. */
export async function loadAssets(directory: string): Promise<ReadonlyMap<string, Asset>> {
  const names = await readdir(directory).catch(() => []);
  const known = names.filter((name) => path.extname(name) in CONTENT_TYPES);
  const assets = known.map(async (name): Promise<[string, Asset]> => [name, await loadAsset(directory, name, names)]);
  return new Map(await Promise.all(assets));
}

async function loadAsset(directory: string, name: string, names: readonly string[]): Promise<Asset> {
  const file = path.join(directory, name);
  const compressed = `${name}.br`;
  return {
    content: await readFile(file),
    brotli: names.includes(compressed) ? await readFile(path.join(directory, compressed)) : null,
    contentType: CONTENT_TYPES[path.extname(name)] ?? 'application/octet-stream',
    // Names that carry a hash of their content never change it.
    cacheControl: /-[A-Z0-9]{8}\.\w+$/.test(name) ? 'public, max-age=31536000, immutable' : 'no-cache',
  };
}
