import type { ErrorObject } from 'ajv';
import { isJsonObject } from '../../core/json.js';
import type { JsonValue } from '../../core/json.js';

/** One thing that a schema asks for and an answer lacks. */
export interface Misfit {
  /** For callers and books: `required price at /items/0`. Holds words of the schema and numbers of places, none of the answer's. */
  readonly told: string;
  /** For the upstream that made the answer, with its own words: `/items/0 must have required property 'price'`. */
  readonly exact: string;
}

const MOST_TOLD = 5;
const LONGEST = 160;

export const NOT_JSON: Misfit = { told: 'it is not JSON', exact: 'The answer is not JSON.' };

/** Of many, the first few: one fault often shows in several places. */
export function misfitsOf(errors: readonly ErrorObject[], value: JsonValue, schema: JsonValue): readonly Misfit[] {
  const names = namesIn(schema);
  const misfits = new Map<string, Misfit>();
  for (const error of errors) {
    if (misfits.size === MOST_TOLD) break;
    const { keyword, instancePath, message = keyword } = error;
    const told = cut(`${keyword}${missingName(error)} at ${maskedPointer(instancePath, value, names)}`);
    if (!misfits.has(told)) misfits.set(told, { told, exact: cut(`${instancePath === '' ? 'The whole' : instancePath} ${message}`) });
  }
  return [...misfits.values()];
}

export function tell(misfits: readonly Misfit[]): string {
  return misfits.map(({ told }) => told).join('; ');
}

function missingName({ keyword, params }: ErrorObject): string {
  const name: unknown = params['missingProperty'];
  return keyword === 'required' && typeof name === 'string' ? ` ${name}` : '';
}

/** Names that the schema does not name came from the model, or from the prompt: `*` stands for them. */
function maskedPointer(pointer: string, root: JsonValue, names: ReadonlySet<string>): string {
  let at: JsonValue | undefined = root;
  const steps = pointer.split('/').slice(1);
  const masked = steps.map((step) => {
    const name = step.replaceAll('~1', '/').replaceAll('~0', '~');
    const isIndex = Array.isArray(at);
    at = isJsonObject(at) ? at[name] : Array.isArray(at) ? (at as readonly JsonValue[])[Number(name)] : undefined;
    return isIndex || names.has(name) ? step : '*';
  });
  return masked.length === 0 ? 'the top' : `/${masked.join('/')}`;
}

/** The names of properties that a schema declares, wherever in it. */
function namesIn(schema: JsonValue): ReadonlySet<string> {
  const names = new Set<string>();
  const rest: (JsonValue | undefined)[] = [schema];
  while (rest.length > 0) {
    const value = rest.pop();
    if (typeof value !== 'object' || value === null) continue;
    if (isJsonObject(value) && isJsonObject(value['properties'])) for (const name of Object.keys(value['properties'])) names.add(name);
    for (const below of Object.values(value)) rest.push(below);
  }
  return names;
}

function cut(text: string): string {
  return text.length > LONGEST ? `${text.slice(0, LONGEST - 1)}…` : text;
}
