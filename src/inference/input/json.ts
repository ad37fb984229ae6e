import { isJsonObject } from '../../core/json.js';
import type { JsonObject, JsonValue } from '../../core/json.js';
import { isGiven, report } from './place.js';
import type { Place } from './place.js';

/** As deep as the door lets variables be. */
const MAX_DEPTH = 64;

/** A JSON object at a field; null where it is absent or none. */
export function readJsonObject(place: Place, name: string): JsonObject | null {
  if (!isGiven(place, name)) return null;
  const value = place.fields[name];
  if (!isJsonObject(value)) return report(place, name, 'must be a JSON object');
  return isTooDeep(value) ? report(place, name, `must be nested at most ${MAX_DEPTH} deep`) : value;
}

/** A JSON schema of an object, as tools and answers have it. */
export function readObjectSchema(place: Place, name: string): JsonObject | null {
  const schema = readJsonObject(place, name);
  const type: JsonValue | undefined = schema?.['type'];
  if (type !== undefined && type !== 'object') return report(place, name, 'must be the schema of an object (type: "object")');
  return schema;
}

/** Walks level by level, so that no depth can exhaust the stack. */
function isTooDeep(root: JsonObject): boolean {
  let level: readonly unknown[] = [root];
  for (let depth = 0; depth <= MAX_DEPTH; depth += 1) {
    level = level.flatMap((value): readonly unknown[] => (typeof value === 'object' && value !== null ? Object.values(value) : []));
    if (level.length === 0) return false;
  }
  return true;
}
