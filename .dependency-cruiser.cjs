/**
 * Who may import whom: docs/ARCHITECTURE.md as rules. `test/architecture` runs them over the source, and over a tree
 * that breaks each of them. Type imports count: a cycle of types is a cycle of minds.
 */
const RANKS = 'docs/adr/0001-folder-ranks.md';
const DOORS = 'docs/adr/0004-one-guard-for-three-doors.md';
const FORMATS = 'docs/adr/0005-wire-formats-as-translators.md';
const STORAGE = 'docs/adr/0002-embedded-postgres-and-roles.md';

/** A folder's (or single file's) path below src, and what it may import beside itself and core. */
const MAY_IMPORT = {
  main: ['compose', 'config'],
  http: ['graphql', 'auth'],
  graphql: ['inference', 'auth', 'policy', 'accounting', 'catalog', 'routing/contract'],
  inference: ['policy', 'routing', 'accounting', 'catalog', 'cache'],
  routing: ['providers/contract', 'catalog'],
  policy: ['storage'],
  accounting: ['storage'],
  cache: ['storage'],
  alerts: ['storage'],
  jobs: ['storage'],
  catalog: ['storage'],
  auth: ['storage'],
  providers: [],
  storage: ['config', '../migrations'],
  config: [],
  core: [],
};

/** `a` or `a/b` as a pattern: a folder with all below it, or the file of that name. */
const below = (place) => (place.startsWith('../') ? `^${place.slice(3)}/` : `^src/${place}(/|[.]ts$)`);
const packages = (...names) => `(^|/)node_modules/(${names.join('|')})/`;

const rankRule = ([place, allowed]) => ({
  name: `ranks: ${place}`,
  comment: RANKS,
  severity: 'error',
  from: { path: below(place) },
  to: {
    path: '^(src/|migrations/|ormconfig|test/|scripts/|bench/)',
    pathNot: [place, 'core', ...allowed].map(below),
  },
});

module.exports = {
  forbidden: [
    ...Object.entries(MAY_IMPORT).map(rankRule),
    {
      name: 'ranks: every place is known',
      comment: RANKS,
      severity: 'error',
      from: { path: '^src/', pathNot: [...Object.keys(MAY_IMPORT), 'compose'].map(below) },
      to: {},
    },
    {
      name: 'ranks: compose',
      comment: RANKS,
      severity: 'error',
      from: { path: '^src/compose' },
      to: { path: '^(test/|scripts/|bench/|src/main[.]ts$)' },
    },
    {
      name: 'ranks: ormconfig',
      comment: RANKS,
      severity: 'error',
      from: { path: '^ormconfig[.]ts$' },
      to: { path: '^(src|migrations|test|scripts|bench)/', pathNot: ['^src/storage/'] },
    },
    {
      name: 'ranks: migrations',
      comment: RANKS,
      severity: 'error',
      from: { path: '^migrations/' },
      to: { path: '^(src|test|scripts|bench)/', pathNot: ['^src/core/'] },
    },
    { name: 'no cycles', comment: RANKS, severity: 'error', from: {}, to: { circular: true } },
    { name: 'no unresolved imports', comment: RANKS, severity: 'error', from: {}, to: { couldNotResolve: true } },
    {
      name: 'only graphql and http know GraphQL',
      comment: DOORS,
      severity: 'error',
      from: { path: '^(src/|migrations/|ormconfig)', pathNot: ['^src/(graphql|http)/'] },
      to: { path: packages('graphql', 'graphql-[^/]+', '@apollo/[^/]+', 'type-graphql', '@graphql-tools/[^/]+', '@as-integrations/[^/]+') },
    },
    {
      name: 'only storage and stores know the database',
      comment: STORAGE,
      severity: 'error',
      from: { path: '^src/', pathNot: ['^src/storage/', '[.]store[.]ts$'] },
      to: { path: packages('typeorm', 'pg', 'pg-[^/]+', '@types/pg', 'embedded-postgres') },
    },
    {
      name: 'only providers open outbound connections',
      comment: FORMATS,
      severity: 'error',
      from: { path: '^src/', pathNot: ['^src/providers/'] },
      to: { path: [packages('undici', '@copilotkit/[^/]+', 'eventsource-parser'), '^(node:)?(https|http2|tls)$'] },
    },
    {
      name: 'only servers and storage touch raw sockets',
      comment: FORMATS,
      severity: 'error',
      from: { path: '^src/', pathNot: ['^src/(providers|http|graphql|storage)/'] },
      to: { path: '^(node:)?(http|net|dgram)$', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'vendors’ own types never run',
      comment: FORMATS,
      severity: 'error',
      from: { path: '^src/' },
      to: { path: packages('openai', '@anthropic-ai/[^/]+', '@google/genai', '@aws-sdk/[^/]+'), dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'the product runs without its tools',
      comment: RANKS,
      severity: 'error',
      from: { path: '^(src/|migrations/|ormconfig)' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'], dependencyTypesNot: ['type-only'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|coverage)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    detectProcessBuiltinModuleCalls: true,
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'require', 'node', 'default', 'types'] },
  },
};
