import type { Clock } from '../core/clock.js';
import type { DeploymentId } from '../core/ids.js';
import type { Pin } from './evidence.js';

export const PIN_TTL_MS = 3_600_000;
const MAX_PINS = 100_000;
const MAX_TURNS = 50_000;

/** What a process remembers between decisions: whose turn it was, and who is bound to whom. Both are bounded. */
export interface RoutingMemory {
  turn(node: string): number;
  advance(node: string): void;
  pin(holder: string): Pin | null;
  /** Binds anew, or keeps what is bound a while longer. */
  bind(holder: string, pin: Pin): void;
  /** Forgets a binding to a target that is to blame for a failure. */
  release(holder: string, deploymentId: DeploymentId): void;
}

export function createRoutingMemory({ clock }: { readonly clock: Pick<Clock, 'monotonicMs'> }): RoutingMemory {
  const turns = new Map<string, number>();
  const pins = new Map<string, Pin & { readonly untilMs: number }>();
  return {
    turn: (node) => turns.get(node) ?? 0,
    advance(node) {
      turns.set(node, ((turns.get(node) ?? 0) + 1) % Number.MAX_SAFE_INTEGER);
      if (turns.size > MAX_TURNS) dropOldest(turns);
    },
    pin(holder) {
      const pin = pins.get(holder);
      if (!pin) return null;
      if (pin.untilMs > clock.monotonicMs()) return pin;
      pins.delete(holder);
      return null;
    },
    bind(holder, { branch, deploymentId }) {
      // Set anew, so that the map's order is that of last use.
      pins.delete(holder);
      pins.set(holder, { branch, deploymentId, untilMs: clock.monotonicMs() + PIN_TTL_MS });
      if (pins.size > MAX_PINS) dropOldest(pins);
    },
    release(holder, deploymentId) {
      if (pins.get(holder)?.deploymentId === deploymentId) pins.delete(holder);
    },
  };
}

function dropOldest<V>(map: Map<string, V>): void {
  const [first] = map.keys();
  if (first !== undefined) map.delete(first);
}
