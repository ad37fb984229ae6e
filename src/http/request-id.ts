import { newUuid } from '../core/ids.js';
import { LIMITS } from './limits.js';

export const REQUEST_ID_HEADER = 'x-request-id';

const PRINTABLE = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/;

/** The caller's own request id where it is fit to be logged and returned, else a new one. */
export function requestIdOf(header: string | readonly string[] | undefined): string {
  const presented = typeof header === 'string' ? header : undefined;
  if (presented !== undefined && presented.length <= LIMITS.requestIdLength && PRINTABLE.test(presented)) return presented;
  return newRequestId();
}

export function newRequestId(): string {
  return newUuid();
}
