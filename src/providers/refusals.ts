import { LRUCache } from 'lru-cache';
import type { Clock } from '../core/clock.js';

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
