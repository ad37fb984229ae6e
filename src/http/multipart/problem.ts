import { GatewayError } from '../../core/errors.js';

/** Why a form is not taken, and the status that says so. */
export class FormProblem extends GatewayError {
  constructor(
    message: string,
    readonly status: 400 | 401 | 408 | 413 = 400,
  ) {
    super(status === 401 ? 'UNAUTHENTICATED' : 'BAD_USER_INPUT', message);
  }
}

export function brokenOff(): FormProblem {
  return new FormProblem('The form broke off: its sender has left.');
}

const MOST_QUOTED = 64;

/** A name of the caller's, cut where it is long. */
export function quoted(name: string): string {
  return JSON.stringify(name.length > MOST_QUOTED ? `${name.slice(0, MOST_QUOTED)}…` : name);
}
