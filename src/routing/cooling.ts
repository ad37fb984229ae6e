import { userError } from '../core/errors.js';
import type { UserError } from '../core/errors.js';
import type { Block } from './evidence.js';

/** That every target cools down, and until when the soonest does; both instants in ms since 1970. */
export function allCooling(blocks: readonly Pick<Block, 'untilMs'>[], nowMs: number): UserError {
  const soonestMs = Math.min(...blocks.map(({ untilMs }) => untilMs));
  const message = `Every target is cooling down, the soonest until ${new Date(soonestMs).toISOString()}.`;
  return userError('ALL_TARGETS_COOLING', { message, retryAfterMs: Math.max(0, Math.ceil(soonestMs - nowMs)) });
}
