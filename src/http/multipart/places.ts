import type { ServerResponse } from 'node:http';
import { GatewayError } from '../../core/errors.js';
import { LIMITS } from '../limits.js';
import { brokenOff } from './problem.js';

const RETRY_AFTER_MS = 1_000;

/** So many forms have a place, each until its answer is out or its sender gone. Throws where there is none, or nobody to give it to. */
export function createPlaces(): (response: ServerResponse) => void {
  let taken = 0;
  return (response) => {
    // Who left while the key was looked up is gone already: nothing would give the place back.
    if (response.destroyed) throw brokenOff();
    if (taken >= LIMITS.uploadsAtOnce)
      throw new GatewayError('SERVICE_UNAVAILABLE', 'Too many files come at once.', { retryAfterMs: RETRY_AFTER_MS });
    taken += 1;
    response.once('close', () => (taken -= 1));
  };
}
