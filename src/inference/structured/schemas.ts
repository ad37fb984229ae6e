import { LRUCache } from 'lru-cache';
import { canonicalJson } from '../../core/json.js';
import type { JsonValue } from '../../core/json.js';
import type { InputProblem } from '../../core/errors.js';
import { isOperation } from '../../core/operations.js';
import type { CompletionCall } from '../../core/completion.js';
import type { InferenceCall } from '../../core/operations.js';
import { createSchemaCompiler, isExhausted } from './compile.js';
import type { CompiledSchema } from './compile.js';
import { misfitsOf, NOT_JSON } from './misfits.js';
import type { Misfit } from './misfits.js';
import { createTimeLimit, TOO_LONG } from './time-limit.js';

export type Verdict =
  | { readonly kind: 'fits' }
  | { readonly kind: 'misfits'; readonly misfits: readonly Misfit[] }
  /** Nobody knows. */
  | { readonly kind: 'unchecked'; readonly because: string };

/** A call that asks for an answer of a JSON schema. */
export interface SchemaCall {
  readonly call: CompletionCall;
  readonly schema: JsonValue;
}

export function schemaCall(call: InferenceCall): SchemaCall | null {
  return isOperation(call) || call.responseFormat?.kind !== 'jsonSchema' ? null : { call, schema: call.responseFormat.schema };
}

/** The JSON schemas that callers' answers are to have. */
export interface AnswerSchemas {
  /** What is wrong with the schema that a call asks for; null where nothing is, or where it asks for none. */
  problem(call: InferenceCall): InputProblem | null;
  /** Holds a whole answer against its schema; null: it has no words. */
  check(schema: JsonValue, text: string | null): Verdict;
}

/** Of compiled schemas, by a generous guess of what each takes. */
const MAX_BYTES = 32 * 1024 * 1024;
const BYTES_PER_SCHEMA = 16 * 1024;
/** An answer beyond this is no structured one; reading it would hold up everybody. */
export const LONGEST_ANSWER = 1024 * 1024;
/** A check takes far less than a millisecond, unless pattern or recursion was made to take for ever. */
const CHECK_MS = 200;
const PATH = 'responseFormat.jsonSchema.schema';
const FITS: Verdict = { kind: 'fits' };

interface Kept {
  readonly compiled: CompiledSchema;
  /** It has taken too long once; it gets no second chance to. */
  tooLong: boolean;
}

export function createAnswerSchemas({ checkMs = CHECK_MS, maxBytes = MAX_BYTES } = {}): AnswerSchemas {
  const compiler = createSchemaCompiler();
  const within = createTimeLimit();
  const kept = new LRUCache<string, Kept>({ maxSize: maxBytes, sizeCalculation: (_, key) => BYTES_PER_SCHEMA + 32 * key.length });

  function find(schema: JsonValue): Kept {
    const key = canonicalJson(schema);
    const known = kept.get(key);
    if (known) return known;
    const made = { compiled: compiler.compile(schema), tooLong: false };
    kept.set(key, made);
    return made;
  }

  return {
    problem(call) {
      const asked = schemaCall(call);
      const compiled = asked && find(asked.schema).compiled;
      if (compiled?.kind !== 'invalid') return null;
      return { path: PATH + compiled.pointer.replaceAll('/', '.'), message: `can't be used: ${compiled.message}` };
    },
    check(schema, text) {
      if (text !== null && text.length > LONGEST_ANSWER) return { kind: 'unchecked', because: 'it is too long' };
      const value = parse(text);
      if (value === undefined) return { kind: 'misfits', misfits: [NOT_JSON] };
      const entry = find(schema);
      const { compiled } = entry;
      if (compiled.kind === 'uncheckable') return { kind: 'unchecked', because: compiled.because };
      if (compiled.kind === 'invalid') return { kind: 'unchecked', because: 'the schema can’t be used' };
      if (entry.tooLong) return TOOK_TOO_LONG;
      const { validate } = compiled;
      const fits = attempt(() => within(() => validate(value), checkMs));
      entry.tooLong = fits === TOO_LONG;
      if (fits === TOO_LONG) return TOOK_TOO_LONG;
      return fits ? FITS : { kind: 'misfits', misfits: misfitsOf(validate.errors ?? [], value, schema) };
    },
  };
}

const TOOK_TOO_LONG: Verdict = { kind: 'unchecked', because: 'the check took too long' };

/** A schema that refers to itself without end uses up the stack. */
function attempt<T>(run: () => T): T | typeof TOO_LONG {
  try {
    return run();
  } catch (error) {
    if (isExhausted(error)) return TOO_LONG;
    throw error;
  }
}

function parse(text: string | null): JsonValue | undefined {
  if (text === null) return undefined;
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    return undefined;
  }
}
