import type { InferenceId } from '../core/ids.js';
import type { InferenceCall } from '../core/operations.js';
import type { PayloadStorage } from '../core/payload-storage.js';
import type { Principal } from '../core/principal.js';

/** Why a call was ended from our side; the first reason counts. */
export type EndReason = 'cancelled' | 'deadline' | 'interrupted' | 'oversized';

/** complete: one answer at the end; the only form of operations that are no completions. stream: read from its start. start: nobody is expected to watch. */
export type CompletionForm = 'complete' | 'start' | 'stream';

/** What is known as a completion begins. */
export interface CompletionStart {
  readonly id: InferenceId;
  readonly principal: Principal;
  readonly call: InferenceCall;
  readonly form: CompletionForm;
  readonly keyed: boolean;
  /** As the organization had it when the call began. */
  readonly payloadStorage: PayloadStorage;
  readonly requestId: string | null;
  readonly createdAt: Date;
  /** Monotonic. */
  readonly startedMs: number;
}
