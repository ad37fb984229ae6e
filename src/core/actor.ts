import type { Principal } from './principal.js';

/** Who changes something, for the audit row. */
export interface Actor {
  readonly principal: Principal;
  readonly requestId: string | null;
}
