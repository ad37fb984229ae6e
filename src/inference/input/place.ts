import type { InputProblem } from '../../core/errors.js';
import { isJsonObject } from '../../core/json.js';
import type { JsonObject } from '../../core/json.js';
import { whyNotStorable } from './text.js';

/** More problems than these help nobody. */
const MAX_PROBLEMS = 100;

/**
 * An object of the input at its path, and the list that all problems of the input go to. The readers below take one field
 * each: null where it is absent or wrong, and what is wrong is in the list.
 */
export interface Place {
  readonly fields: Readonly<Record<string, unknown>>;
  /** As in the input, without a leading dot: messages.2.parts.0; empty at the root. */
  readonly path: string;
  readonly problems: InputProblem[];
}

export function report({ path, problems }: Place, name: string, message: string): null {
  if (problems.length < MAX_PROBLEMS) problems.push({ path: joinPath(path, name), message });
  return null;
}

function joinPath(path: string, name: string): string {
  if (path === '') return name;
  return name === '' ? path : `${path}.${name}`;
}

export function isGiven(place: Place, name: string): boolean {
  return place.fields[name] !== undefined && place.fields[name] !== null;
}

export interface TextRules {
  readonly max?: number;
  /** Blank texts are refused. */
  readonly filled?: boolean;
  readonly pattern?: RegExp;
  /** It goes to the database. */
  readonly stored?: boolean;
}

export function readText(place: Place, name: string, rules: TextRules = {}): string | null {
  const value = place.fields[name];
  if (value === undefined || value === null) return null;
  if (typeof value !== 'string') return report(place, name, 'must be text');
  const message = problemOfText(value, rules);
  return message === null ? value : report(place, name, message);
}

function problemOfText(value: string, { max, filled, pattern, stored }: TextRules): string | null {
  if (filled && value.trim() === '') return 'must not be empty';
  if (max !== undefined && value.length > max) return `must have at most ${max} characters`;
  if (pattern && !pattern.test(value)) return `must match ${pattern.source}`;
  return stored ? whyNotStorable(value) : null;
}

/** Like `readText`, for what must be there; an empty text stands in where it isn't, and the problem is named. */
export function requireText(place: Place, name: string, rules: TextRules = {}): string {
  if (!isGiven(place, name)) report(place, name, 'is required');
  return readText(place, name, rules) ?? '';
}

export interface NumberRules {
  readonly min?: number;
  readonly max?: number;
  readonly whole?: boolean;
}

export function readNumber(place: Place, name: string, { min = -Infinity, max = Infinity, whole = false }: NumberRules): number | null {
  const value = place.fields[name];
  if (value === undefined || value === null) return null;
  const fits =
    typeof value === 'number' && Number.isFinite(value) && value >= min && value <= max && (!whole || Number.isSafeInteger(value));
  return fits ? value : report(place, name, `must be ${whole ? 'a whole number' : 'a number'}${rangeInWords(min, max)}`);
}

function rangeInWords(min: number, max: number): string {
  if (max === Infinity) return min === -Infinity ? '' : ` from ${min} on`;
  return ` from ${min} to ${max}`;
}

export function readBoolean(place: Place, name: string): boolean | null {
  const value = place.fields[name];
  if (value === undefined || value === null) return null;
  return typeof value === 'boolean' ? value : report(place, name, 'must be true or false');
}

export function readWord<Word extends string>(place: Place, name: string, words: readonly Word[]): Word | null {
  const value = place.fields[name];
  if (value === undefined || value === null) return null;
  return words.find((word) => word === value) ?? report(place, name, `must be one of ${words.join(', ')}`);
}

/** An object below this place, as a place of its own. */
export function readPlace(place: Place, name: string): Place | null {
  const value = place.fields[name];
  if (value === undefined || value === null) return null;
  return isJsonObject(value) ? placeAt(place, name, value) : report(place, name, 'must be an object');
}

/** The objects of a list, each a place of its own. */
export function readPlaces(place: Place, name: string, max = Infinity): readonly Place[] {
  return readList(place, name, max).flatMap((value, index) => {
    const path = `${name}.${index}`;
    if (isJsonObject(value)) return placeAt(place, path, value);
    report(place, path, 'must be an object');
    return [];
  });
}

export function readList(place: Place, name: string, max = Infinity): readonly unknown[] {
  const value = place.fields[name];
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) report(place, name, 'must be a list');
  else if (value.length > max) report(place, name, `must have at most ${max} entries`);
  else return value;
  return [];
}

function placeAt({ path, problems }: Place, name: string, fields: JsonObject): Place {
  return { fields, path: joinPath(path, name), problems };
}

/** Which of these fields are given. */
export function given<Name extends string>(place: Place, names: readonly Name[]): readonly Name[] {
  return names.filter((name) => isGiven(place, name));
}
