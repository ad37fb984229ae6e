import { LRUCache } from 'lru-cache';
import type { Clock } from '../core/clock.js';
import type { JsonObject } from '../core/json.js';

/** How upstreams say that a field is known, and this word for it is not. */
const SAYS_VALUE = /unsupported value|unsupported_value|invalid value|does not support ['"`]/i;

/**
 * What was refused: the field, or only one of its words, as `field=word`. Of numbers the whole field, because who refuses one
 * mostly takes none but its default.
 */
export function refusalOf(parameter: string, { detail, body }: { readonly detail: string; readonly body: JsonObject }): string {
  const value = body[parameter];
  return typeof value === 'string' && SAYS_VALUE.test(detail) ? `${parameter}=${value}` : parameter;
}

/** The fields of a body whose very words were refused before. */
export function fieldsRefusedIn(body: JsonObject, refused: ReadonlySet<string>): readonly string[] {
  if (refused.size === 0) return [];
  return Object.entries(body).flatMap(([field, value]) => (typeof value === 'string' && refused.has(`${field}=${value}`) ? [field] : []));
}

/** What deployments have refused to take, so that it is not offered again for a while. */
export interface RefusedParameters {
  of(deploymentId: string): ReadonlySet<string>;
  remember(deploymentId: string, parameter: string): void;
}

const MOST_DEPLOYMENTS = 10_000;
const MOST_PARAMETERS = 32;
/** A provider that learns a parameter is believed again the same day. */
const MEMORY_MS = 3_600_000;
const NONE: ReadonlySet<string> = new Set();

export function createRefusedParameters(clock: Clock): RefusedParameters {
  const known = new LRUCache<string, { readonly parameters: ReadonlySet<string>; readonly untilMs: number }>({ max: MOST_DEPLOYMENTS });
  const of = (deploymentId: string) => {
    const entry = known.get(deploymentId);
    return entry !== undefined && entry.untilMs > clock.monotonicMs() ? entry.parameters : NONE;
  };
  return {
    of,
    remember: (deploymentId, parameter) => {
      const parameters = new Set([...of(deploymentId), parameter].slice(-MOST_PARAMETERS));
      known.set(deploymentId, { parameters, untilMs: clock.monotonicMs() + MEMORY_MS });
    },
  };
}
