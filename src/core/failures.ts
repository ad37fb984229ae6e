import type { InputProblem } from './errors.js';
import type { FailureClass } from './vocabulary.js';

/** What went wrong with one upstream call. `detail` is the upstream's own word, cleaned of secrets, for operators only. */
export interface Failure {
  readonly class: FailureClass;
  readonly detail: string;
  readonly httpStatus: number | null;
  readonly retryAfterMs: number | null;
  /** For UNSUPPORTED_PARAMETER: the body field the upstream named. */
  readonly parameter?: string;
  /** For CALLER, where it was the gateway that could not say the call in the target's format: what the caller may read. */
  readonly callerMessage?: string;
  /** The fields of the input that it was about, where that is known. */
  readonly callerProblems?: readonly InputProblem[];
}

export interface FailurePolicy {
  /** What it comes from, in words; shown in the docs. */
  readonly from: string;
  /** Whether the same target is asked again. `after-retry-after`: only where no other target is healthy. */
  readonly sameTarget: 'no' | 'yes' | 'once' | 'once-corrected' | 'after-retry-after' | 'before-content';
  readonly nextTarget: 'no' | 'yes' | 'larger-window' | 'if-route-says' | 'before-content';
  readonly health: 'none' | 'counts' | 'cooldown' | 'close-target';
}

/** One table drives code, docs and tests. */
export const FAILURE_POLICIES: Readonly<Record<FailureClass, FailurePolicy>> = {
  RATE_LIMITED: { from: '429', sameTarget: 'after-retry-after', nextTarget: 'yes', health: 'cooldown' },
  OVERLOADED: { from: '503, 529, an overload error inside a 200 stream', sameTarget: 'yes', nextTarget: 'yes', health: 'counts' },
  SERVER_ERROR: { from: '500, 502, 504', sameTarget: 'yes', nextTarget: 'yes', health: 'counts' },
  TIMEOUT: { from: 'connect, first token, idle, 408', sameTarget: 'once', nextTarget: 'yes', health: 'counts' },
  CONNECTION: { from: 'refused, reset, DNS, TLS', sameTarget: 'yes', nextTarget: 'yes', health: 'counts' },
  AUTH: { from: '401, 402, 403', sameTarget: 'no', nextTarget: 'yes', health: 'close-target' },
  TARGET_NOT_FOUND: { from: '404, 405, a model unknown upstream', sameTarget: 'no', nextTarget: 'yes', health: 'close-target' },
  CONTEXT_LENGTH: { from: 'a 400 that says so', sameTarget: 'no', nextTarget: 'larger-window', health: 'none' },
  CONTENT_FILTER: { from: 'the provider refused the content', sameTarget: 'no', nextTarget: 'if-route-says', health: 'none' },
  BAD_RESPONSE: {
    from: 'an unreadable body, a stream cut before its end',
    sameTarget: 'before-content',
    nextTarget: 'before-content',
    health: 'counts',
  },
  UNSUPPORTED_PARAMETER: { from: 'a 400 that names a parameter', sameTarget: 'once-corrected', nextTarget: 'yes', health: 'none' },
  CALLER: { from: 'any other 4xx', sameTarget: 'no', nextTarget: 'no', health: 'none' },
};
