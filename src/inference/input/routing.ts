import type { RoutingPreferences } from '../../core/routes.js';
import { ROUTING_GOALS } from '../../core/vocabulary.js';
import { isGiven, readBoolean, readList, readNumber, readPlace, readWord, report } from './place.js';
import type { Place } from './place.js';

/** Most regions or providers that one call names, and their characters. */
const MAX_NAMES = 50;
const MAX_NAME_LENGTH = 255;

/** What the call asks of routing; null where it asks nothing. */
export function parseRouting(input: Place): RoutingPreferences | null {
  const place = readPlace(input, 'routing');
  if (place === null) return null;
  return {
    regions: readNames(place, 'regions'),
    providers: readNames(place, 'providers'),
    excludeProviders: readNames(place, 'excludeProviders') ?? [],
    disableFallbacks: readBoolean(place, 'disableFallbacks') ?? false,
    optimizeFor: readWord(place, 'optimizeFor', ROUTING_GOALS),
    maxFirstTokenMs: readNumber(place, 'maxFirstTokenMs', { min: 1, max: 600_000, whole: true }),
  };
}

/** Null where it is absent or empty: an empty list asks for nothing. */
function readNames(place: Place, name: string): readonly string[] | null {
  if (!isGiven(place, name)) return null;
  const names = readList(place, name, MAX_NAMES).flatMap((value, index) => {
    if (typeof value === 'string' && value !== '' && value.length <= MAX_NAME_LENGTH) return value;
    report(place, `${name}.${index}`, `must be a text of 1 to ${MAX_NAME_LENGTH} characters`);
    return [];
  });
  return names.length === 0 ? null : names;
}
