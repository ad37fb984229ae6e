import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';

const TOOLS = ['scripts/**', 'bench/**', '*.js', '*.cjs'];
const NOT_SOURCE = ['test/**', ...TOOLS];

const PROCESS_ENV = {
  selector: "MemberExpression[object.name='process'][property.name='env']",
  message: 'Only src/config.ts reads the environment: take what you need as an argument (docs/adr/0001-folder-ranks.md).',
};
const OUTBOUND = ['fetch', 'WebSocket', 'EventSource', 'XMLHttpRequest'].map((name) => ({
  name,
  message: 'Only src/providers opens outbound connections (docs/adr/0005-wire-formats-as-translators.md).',
}));

export default defineConfig(
  globalIgnores(['dist/', 'coverage/', '.glidepath/', 'test/fixtures/']),
  {
    files: ['**/*.ts', '**/*.tsx'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { project: ['./tsconfig.test.json'], tsconfigRootDir: import.meta.dirname } },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      // Exhaustiveness and explicit decisions.
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true, requireDefaultForNonUnion: false },
      ],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-shadow': 'error',
      '@typescript-eslint/no-explicit-any': ['error', { fixToUnknown: false }],
      // `== null` is how an input's absent and null are met together.
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'no-param-reassign': 'error',
      'prefer-const': 'error',
      'object-shorthand': 'error',
      // Numbers and big integers in messages are what they look like.
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: false }],
      // type-graphql and TypeORM describe data by classes without behaviour.
      '@typescript-eslint/no-extraneous-class': 'off',
      // A GraphQL type is met by its shape: a plain object with its fields is one.
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
      // `() => run()` reads better than a block where the value is void and nobody looks at it.
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true, ignoreVoidReturningFunctions: true }],
      // An async function without await is how a port made for I/O is met by something that has none.
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_', ignoreRestSiblings: true }],
      // Factories return plain objects of functions: there is no `this` to lose.
      '@typescript-eslint/unbound-method': 'off',
      // Branded bigints (money) are bigints; the compiler refuses the rest.
      '@typescript-eslint/no-unsafe-unary-minus': 'off',
      // Small: the tail of long files and functions is where code goes bad.
      'max-lines': ['error', { max: 250, skipBlankLines: false, skipComments: false }],
      'max-lines-per-function': ['error', { max: 40, skipBlankLines: true, skipComments: true }],
      'max-params': ['error', 3],
      'max-depth': ['error', 4],
      // Our own borders; the rest of them is in .dependency-cruiser.cjs.
      'no-console': 'error',
      'no-restricted-globals': ['error', ...OUTBOUND],
      'no-restricted-syntax': [
        'error',
        PROCESS_ENV,
        { selector: 'ExportDefaultDeclaration', message: 'Names that are exported are the same everywhere: no default exports.' },
        { selector: 'TSEnumDeclaration', message: 'A list of words `as const` and its union type: see src/core/vocabulary.ts.' },
      ],
    },
  },
  {
    files: ['src/config.ts'],
    rules: { 'no-restricted-syntax': ['error', { selector: 'ExportDefaultDeclaration', message: 'No default exports.' }] },
  },
  // The one line that `--json` and the banner print.
  { files: ['src/main.ts'], rules: { 'no-console': 'off' } },
  { files: ['src/providers/**'], rules: { 'no-restricted-globals': 'off' } },
  // A migration is one long list of SQL, and a tool wants what a tool wants.
  { files: ['migrations/**'], rules: { 'max-lines-per-function': 'off', 'max-lines': 'off' } },
  { files: ['ormconfig.ts'], rules: { 'no-restricted-syntax': 'off' } },
  {
    files: NOT_SOURCE,
    rules: {
      'max-lines': 'off',
      'max-params': 'off',
      'max-lines-per-function': 'off',
      'no-console': 'off',
      'no-restricted-globals': 'off',
      'no-restricted-syntax': 'off',
      // Answers of a server under test are read as they come, and asserted.
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
    },
  },
  { files: ['**/*.js', '**/*.cjs', '**/*.mjs', '**/*.jsx'], extends: [tseslint.configs.recommended, tseslint.configs.disableTypeChecked] },
  { files: ['**/*.cjs'], rules: { '@typescript-eslint/no-require-imports': 'off', 'no-undef': 'off' } },
);
