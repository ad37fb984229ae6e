import type { AssistantMessage } from '../core/answer.js';
import type { Message } from '../core/completion.js';
import type { CompletionEvent } from '../core/events.js';
import type { ApiKeyId, InferenceId, OrganizationId } from '../core/ids.js';
import type { InferenceRecord } from '../core/inference.js';
import type { OperationResult } from '../core/operations.js';
import type { Operation } from '../core/vocabulary.js';

/** An idempotency key in its own space: equal keys of two API keys, or for two operations, have nothing to do with each other. */
export interface KeyClaim {
  readonly organizationId: OrganizationId;
  readonly apiKeyId: ApiKeyId;
  readonly operation: Operation;
  readonly key: string;
  /** Equal for equal inputs. What is stored is its HMAC. */
  readonly fingerprint: string;
}

/**
 * What a key stands for. RUNNING: its owner lives, and works on it. LOST: its owner has not been heard of for too long.
 * ENDED: outcome and words can be read by every replica.
 */
export interface KnownKey {
  readonly id: InferenceId;
  readonly sameInput: boolean;
  readonly state: 'RUNNING' | 'LOST' | 'ENDED';
}

export interface LostInference {
  readonly organizationId: OrganizationId;
  readonly id: InferenceId;
}

/**
 * Which inference was begun under which key, by whom. Every method throws GatewayError SERVICE_UNAVAILABLE while the
 * database is away.
 */
export interface IdempotencyStore {
  /** Takes the key and writes the row that says RUNNING, both or neither; null: it is ours. Else what it stands for. */
  claim(claim: KeyClaim, start: InferenceRecord): Promise<KnownKey | null>;
  find(claim: KeyClaim): Promise<KnownKey | null>;
  /** The RUNNING row alone, of what has no key. */
  begin(start: InferenceRecord): Promise<void>;
  /** Frees the keys of these: they were refused. */
  release(ids: readonly InferenceId[]): Promise<void>;
  /** Says that this replica still works on these. */
  renew(ids: readonly InferenceId[]): Promise<void>;
  /** Outcome and words are where every replica finds them; the keys are kept until then. */
  end(ids: readonly InferenceId[], keptUntil: Date): Promise<void>;
  /** What nobody works on any more; at most so many. */
  lost(limit: number): Promise<readonly LostInference[]>;
}

/** What is asked of another replica: to end what it runs. Methods throw GatewayError SERVICE_UNAVAILABLE while the database is away. */
export interface CancelRequests {
  /** Asks whoever runs it. Asking twice is asking once. */
  ask(organizationId: OrganizationId, id: InferenceId): Promise<void>;
  /** Those of these that somebody asked to end; each is told once. */
  take(ids: readonly InferenceId[]): Promise<readonly InferenceId[]>;
  /** Hears of most requests at once, and of some never. */
  onAsked(listener: (id: InferenceId) => void): void;
}

/** The words of a completion that has ended, as they are to be kept. */
export interface EndedContent {
  readonly organizationId: OrganizationId;
  readonly id: InferenceId;
  /** Null where nothing of it is promised. */
  readonly events: Kept<readonly CompletionEvent[]> | null;
  readonly payload: Kept<Payload> | null;
  /** Until when its idempotency key is kept; null where it has none. */
  readonly keyUntil: Date | null;
  /** Roughly what it takes in memory. */
  readonly bytes: number;
  /** Every replica can read it now. */
  readonly onStored: () => void;
}

interface Kept<T> {
  readonly value: T;
  readonly until: Date;
}

/** Prompt and answer, as the organization stores them. */
export interface Payload {
  readonly prompt: readonly Message[];
  readonly message: AssistantMessage | null;
}

/** Stores ended contents in batches, off the hot path; they wait in memory, within a bound, while the database is away. */
export interface ContentKeeper {
  /** Never waits. */
  keep(content: EndedContent): void;
  /** Ids that wait to be stored. */
  readonly waiting: Iterable<InferenceId>;
  /** Prompt and answer that wait, as they will be stored; null where none do. */
  held(id: InferenceId): Payload | null;
  /** Stores what waits, for at most so many milliseconds. */
  close(graceMs: number): Promise<void>;
}

/** Reads what was kept, until it expires. Null or absent where there is nothing, or no longer. */
export interface ContentReader {
  events(organizationId: OrganizationId, id: InferenceId): Promise<readonly CompletionEvent[] | null>;
  /** What was said in the end: exactly, while the events are kept; then as the organization stores it. */
  messages(organizationId: OrganizationId, ids: readonly InferenceId[]): Promise<Opened<AssistantMessage>>;
  /** What operations that say nothing came to, while their events are kept. */
  results(organizationId: OrganizationId, ids: readonly InferenceId[]): Promise<Opened<OperationResult>>;
  payloads(organizationId: OrganizationId, ids: readonly InferenceId[]): Promise<Opened<Payload>>;
}

/** Read together, in one statement as long as it is not too much; an Error where one does not open, which is no other's fault. */
export type Opened<T> = ReadonlyMap<InferenceId, T | Error>;
