import { Ajv } from 'ajv';
import type { ErrorObject, Options, ValidateFunction } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { isJsonObject } from '../../core/json.js';
import type { JsonObject, JsonValue } from '../../core/json.js';
import { isSmall } from './size.js';

/** A schema as answers are held against it. */
export type CompiledSchema =
  | { readonly kind: 'ready'; readonly validate: ValidateFunction }
  /** It is no JSON schema, or not one that can be told: `pointer` (RFC 6901) is where. */
  | { readonly kind: 'invalid'; readonly pointer: string; readonly message: string }
  /** Nothing is wrong with it but its size. */
  | { readonly kind: 'uncheckable'; readonly because: string };

export interface SchemaCompiler {
  compile(schema: JsonValue): CompiledSchema;
}

const LONGEST_MESSAGE = 200;

/** Where no dialect is named, the first one whose rules the schema keeps; tuples are still often said as in the second. */
const DIALECTS = [
  { uri: 'https://json-schema.org/draft/2020-12/schema', create: (options: Options) => new Ajv2020(options) },
  { uri: 'http://json-schema.org/draft-07/schema', create: (options: Options) => new Ajv(options) },
] as const;
type Dialect = (typeof DIALECTS)[number];

/** `format` is a note, as the specification has it unless a dialect says otherwise. */
const COMMON = { strict: false, logger: false, validateFormats: false } as const;
/**
 * Flat code without optimizing, since both take time that grows with the square of the size; references are never written
 * out, since few of them can make much of little.
 */
const OF_CALLERS = {
  ...COMMON,
  meta: false,
  validateSchema: false,
  allErrors: true,
  inlineRefs: false,
  loopRequired: 1,
  loopEnum: 1,
} as const;
const CODE = { optimize: false, regExp: Object.assign(createPattern, { code: '' }) } as const;

/**
 * Compiles callers' schemas:
 * 1. A schema is first held against its dialect's own schema, by a validator that is made once and keeps nothing of it.
 * 2. Each one is compiled by an instance of its own: what one caller's `$id` names must not be found from another's `$ref`.
 */
export function createSchemaCompiler(): SchemaCompiler {
  const rules = new Map<Dialect, ValidateFunction>();
  const rulesOf = (dialect: Dialect): ValidateFunction => {
    const known = rules.get(dialect);
    if (known) return known;
    const made = dialect.create(COMMON).getSchema(dialect.uri);
    if (!made) throw new Error(`no rules for ${dialect.uri}`);
    rules.set(dialect, made);
    return made;
  };
  return {
    compile(given) {
      if (!isSmall(given)) return { kind: 'uncheckable', because: 'the schema is too large' };
      const schema = isJsonObject(given) ? withNulls(given, true) : given;
      const named = DIALECTS.filter(({ uri }) => dialectOf(given)?.startsWith(uri));
      let fault: ErrorObject | undefined;
      for (const dialect of named.length > 0 ? named : DIALECTS) {
        const keepsRules = rulesOf(dialect);
        if (keepsRules(schema)) return compileBy(dialect, schema);
        fault ??= keepsRules.errors?.[0];
      }
      return invalid(fault?.message ?? 'is no JSON schema', fault?.instancePath);
    },
  };
}

function dialectOf(schema: JsonValue): string | null {
  const named = isJsonObject(schema) ? schema['$schema'] : null;
  return typeof named === 'string' ? named : null;
}

function compileBy(dialect: Dialect, schema: JsonValue): CompiledSchema {
  if (typeof schema !== 'boolean' && !isJsonObject(schema)) return invalid('must be an object');
  try {
    const validate = dialect.create({ ...OF_CALLERS, code: CODE }).compile(schema);
    return { kind: 'ready', validate };
  } catch (error) {
    if (isExhausted(error)) return { kind: 'uncheckable', because: 'the schema is nested too deep' };
    return invalid(error instanceof Error ? error.message : String(error));
  }
}

function invalid(message: string, pointer = ''): CompiledSchema {
  return { kind: 'invalid', pointer, message: message.slice(0, LONGEST_MESSAGE) };
}

/** A stack that is used up: thrown by the engine, in whichever realm it was running. */
export function isExhausted(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'name' in error && error.name === 'RangeError';
}

/** Words that hold values, not schemas. */
const VALUES: ReadonlySet<string> = new Set(['const', 'enum', 'default', 'examples', 'example']);
/** They would have the validator choose another dialect, or make it asynchronous. */
const NOT_OURS: ReadonlySet<string> = new Set(['$schema', '$async']);

/** OpenAPI's `nullable` beside alternatives, which the validator takes beside a `type` only, said as one more alternative. */
function withNulls(schema: JsonObject, isRoot = false): JsonObject {
  const entries = Object.entries(schema).flatMap(([word, value]): [string, JsonValue | undefined][] => {
    if (isRoot && NOT_OURS.has(word)) return [];
    return [[word, VALUES.has(word) ? value : nullsBelow(value)]];
  });
  const { nullable, ...rest } = Object.fromEntries(entries);
  if (typeof nullable !== 'boolean' || rest['type'] !== undefined) return Object.fromEntries(entries);
  return nullable && !isRoot ? { anyOf: [{ type: 'null' }, rest] } : rest;
}

function nullsBelow(value: JsonValue | undefined): JsonValue | undefined {
  if (Array.isArray(value)) return value.map((one: JsonValue) => nullsBelow(one) ?? null);
  return isJsonObject(value) ? withNulls(value) : value;
}

/** With `u`, as the specification wants it; without it what only the older grammar takes, such as needless escapes. */
function createPattern(pattern: string): RegExp {
  try {
    return new RegExp(pattern, 'u');
  } catch {
    return new RegExp(pattern);
  }
}
