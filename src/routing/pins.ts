import type { StickyKey } from '../core/vocabulary.js';
import type { Pin } from './evidence.js';
import { holderOf } from './facts.js';
import type { Facts } from './facts.js';
import type { RoutingMemory } from './memory.js';

interface PinQuestion {
  readonly memory: RoutingMemory;
  readonly facts: Facts;
  readonly key: StickyKey;
}

/** To what a node is bound for this call's session, user or key. */
export function pinFor({ memory, facts, key }: PinQuestion, node: string): Pin | null {
  const holder = holderOf(facts, key);
  const pin = holder === null ? null : memory.pin(`${node} ${holder}`);
  return pin && { branch: pin.branch, deploymentId: pin.deploymentId };
}
