/** A tree that breaks every rule: file → content, and the rule that file is there to break. */
export interface BrokenFile {
  readonly file: string;
  readonly source: string;
  readonly breaks?: string;
}

const importing = (specifier: string) => `import '${specifier}';\nexport {};\n`;
const breaking = (breaks: string, file: string, specifier: string): BrokenFile => ({ file, source: importing(specifier), breaks });
const leaf = (file: string): BrokenFile => ({ file, source: 'export const leaf = 1;\n' });
const fakePackage = (name: string): readonly BrokenFile[] => [
  { file: `node_modules/${name}/package.json`, source: JSON.stringify({ name, version: '1.0.0', main: 'index.js' }) },
  { file: `node_modules/${name}/index.js`, source: 'module.exports = {};\n' },
];

const PACKAGES = ['graphql', 'graphql-ws', '@apollo/server', 'type-graphql', 'typeorm', 'pg', 'undici', 'openai', 'jest'];
const FOLDERS = [
  'http',
  'graphql',
  'inference',
  'routing',
  'policy',
  'accounting',
  'cache',
  'alerts',
  'jobs',
  'catalog',
  'auth',
  'providers',
  'storage',
  'core',
];

/** For each place one import that its rank forbids. */
const WRONG_IMPORTS: Readonly<Record<string, string>> = {
  main: './http/leaf.js',
  http: '../inference/leaf.js',
  graphql: '../routing/leaf.js',
  inference: '../graphql/leaf.js',
  routing: '../providers/leaf.js',
  policy: '../accounting/leaf.js',
  accounting: '../policy/leaf.js',
  cache: '../policy/leaf.js',
  alerts: '../providers/leaf.js',
  jobs: '../accounting/leaf.js',
  catalog: '../auth/leaf.js',
  auth: '../catalog/leaf.js',
  providers: '../catalog/leaf.js',
  storage: '../auth/leaf.js',
  config: './storage/leaf.js',
  core: '../storage/leaf.js',
};

const fileOf = (place: string) => (place === 'main' || place === 'config' ? `src/${place}.ts` : `src/${place}/wrong.ts`);

export const BROKEN_TREE: readonly BrokenFile[] = [
  {
    file: 'package.json',
    source: JSON.stringify({
      name: 'broken',
      type: 'module',
      dependencies: Object.fromEntries(PACKAGES.filter((name) => name !== 'jest').map((name) => [name, '1.0.0'])),
      devDependencies: { jest: '1.0.0' },
    }),
  },
  {
    file: 'tsconfig.json',
    source: JSON.stringify({ compilerOptions: { module: 'NodeNext', moduleResolution: 'NodeNext', target: 'ES2023' } }),
  },
  ...PACKAGES.flatMap(fakePackage),
  ...FOLDERS.map((folder) => leaf(`src/${folder}/leaf.ts`)),
  leaf('test/leaf.ts'),
  ...Object.entries(WRONG_IMPORTS).map(([place, specifier]) => breaking(`ranks: ${place}`, fileOf(place), specifier)),
  breaking('ranks: compose', 'src/compose.ts', '../test/leaf.js'),
  breaking('ranks: ormconfig', 'ormconfig.ts', './src/core/leaf.js'),
  breaking('ranks: migrations', 'migrations/first.ts', '../src/storage/leaf.js'),
  breaking('ranks: every place is known', 'src/helpers/new.ts', '../core/leaf.js'),
  { file: 'src/core/left.ts', source: "import type { Right } from './right.js';\nexport type Left = Right;\n", breaks: 'no cycles' },
  { file: 'src/core/right.ts', source: "import type { Left } from './left.js';\nexport type Right = Left;\n" },
  breaking('no unresolved imports', 'src/core/lost.ts', './nowhere.js'),
  breaking('only graphql and http know GraphQL', 'src/inference/schema.ts', 'graphql'),
  breaking('only graphql and http know GraphQL', 'src/compose/server.ts', '@apollo/server'),
  breaking('only graphql and http know GraphQL', 'src/auth/decorated.ts', 'type-graphql'),
  breaking('only storage and stores know the database', 'src/accounting/ledger.ts', 'typeorm'),
  breaking('only storage and stores know the database', 'src/graphql/loader.ts', 'pg'),
  breaking('only providers open outbound connections', 'src/routing/probe.ts', 'undici'),
  breaking('only providers open outbound connections', 'src/auth/token.ts', 'node:https'),
  breaking('only servers and storage touch raw sockets', 'src/jobs/ping.ts', 'node:net'),
  breaking('vendors’ own types never run', 'src/providers/sdk.ts', 'openai'),
  breaking('the product runs without its tools', 'src/core/tool.ts', 'jest'),
  {
    file: 'src/auth/environment.ts',
    source: "export const home = process.env['HOME'];\n",
    breaks: 'only config reads the environment',
  },
  {
    file: 'src/auth/imported-environment.ts',
    source: "import { env } from 'node:process';\nexport const home = env['HOME'];\n",
    breaks: 'only config reads the environment',
  },
  { file: 'src/auth/long.ts', source: 'export {};\n'.repeat(251), breaks: 'a file has at most 250 lines' },
  // What is allowed, so that a rule that forbids everything is found out as well.
  { file: 'src/auth/keys.store.ts', source: importing('pg') },
  { file: 'src/graphql/schema.ts', source: importing('graphql') },
  { file: 'src/providers/client.ts', source: importing('undici') },
  { file: 'src/providers/types.ts', source: "import type { A } from 'openai';\nexport type B = A;\n" },
  { file: 'src/routing/contract.ts', source: importing('../providers/contract.js') },
  leaf('src/providers/contract.ts'),
  { file: 'src/policy/full.ts', source: 'export {};\n'.repeat(250) },
  { file: 'src/policy/comment.ts', source: '// process.env is read elsewhere\nexport {};\n' },
];
