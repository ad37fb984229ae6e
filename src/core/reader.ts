/**
 * Why nobody reads an operation's answer any more. `left`: the caller unsubscribed or went away. The others are our own
 * doing and do not count as leaving: `slow` (its socket was closed, it resumes by position), `shutdown`, `revoked`.
 */
export type LeaveReason = 'left' | 'slow' | 'shutdown' | 'revoked';

/** The reason of an aborted reader signal. */
export class ReaderGone extends Error {
  override readonly name = 'ReaderGone';

  constructor(readonly reason: LeaveReason) {
    super(`the reader is gone: ${reason}`);
  }
}
