import { isJsonObject } from '../core/json.js';

/**
 * Values of the domain as JSON text and back, the same in every field: dates and integers beyond a double are told by an object
 * of one marked field, and objects that have such a field themselves are told as a list of their fields.
 */
const DATE = '$date';
const BIGINT = '$bigint';
const FIELDS = '$fields';

export function toText(value: unknown): string {
  return JSON.stringify(plain(value));
}

/** What `toText` was given: whoever reads it knows what was written. */
export function fromText(text: string): unknown {
  return JSON.parse(text, revive);
}

function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return { [BIGINT]: String(value) };
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Date) return { [DATE]: value.toISOString() };
  if (Array.isArray(value)) return value.map(plain);
  const fields = Object.entries(value).map(([name, member]): [string, unknown] => [name, plain(member)]);
  return fields.some(([name]) => name.startsWith('$') || name === '__proto__') ? { [FIELDS]: fields } : Object.fromEntries(fields);
}

function revive(_name: string, value: unknown): unknown {
  if (!isJsonObject(value)) return value;
  const { [DATE]: date, [BIGINT]: bigint, [FIELDS]: fields } = value;
  if (typeof date === 'string') return new Date(date);
  if (typeof bigint === 'string') return BigInt(bigint);
  return Array.isArray(fields) ? Object.fromEntries(fields as [string, unknown][]) : value;
}
