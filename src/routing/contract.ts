import type { Answer, AnswerDelta } from '../core/answer.js';
import type { CatalogueSnapshot, Deployment } from '../core/catalogue.js';
import type { Result, UserError } from '../core/errors.js';
import type { Failure } from '../core/failures.js';
import type { AttemptId, DeploymentId } from '../core/ids.js';
import type { InferenceRecord, RoutingRecord } from '../core/inference.js';
import type { InferenceCall } from '../core/operations.js';
import type { Principal } from '../core/principal.js';
import type { RouteNode } from '../core/routes.js';
import type { AttemptStatus } from '../core/vocabulary.js';
import type { CheckedDefinition, DefinitionQuestion } from './definition-reading.js';
import type { Reading } from './evidence.js';
import type { Leg } from './walk-state.js';

/** Decides who answers, and makes them. Nothing outside this folder knows how. */
export interface Router {
  /**
   * The plan for a call that will be made; calls nobody, and takes the turns of round robins. Fails with MODEL_NOT_FOUND,
   * MODEL_NOT_ALLOWED, CONTEXT_LENGTH_EXCEEDED or ALL_TARGETS_COOLING.
   */
  plan(call: InferenceCall, context: RoutingContext): PlanResult;
  /** The same decision, without any trace: for predictions and simulations. The record explains also why nobody could answer. */
  preview(call: InferenceCall, context: PreviewContext): Result<Preview>;
  /** Decides a booked row again, out of what it noted, under the version that decided then or another; null: too little was noted. */
  replay(row: DecidedRow, options: ReplayOptions): RoutingRecord | null;
  /** For many booked rows of a route: how another tree would have decided them, one after the other. */
  rehearse(options: RehearsalOptions): Rehearsal;
  /** Whether a tree may be published. */
  check(question: DefinitionQuestion): CheckedDefinition;
  /** Runs attempts until one succeeds, the plan ends, or the caller is gone. Never throws for what upstreams do. */
  dispatch(call: InferenceCall, plan: RoutePlan, watch: DispatchWatch): Promise<DispatchOutcome>;
  /** Ends what is still read for calls whose callers have left; resolves when every `rest` has been told. */
  endDrains(): Promise<void>;
}

/** A refusal comes with the record that explains it; null where the name means nothing, or nothing that the key may use. */
export type PlanResult =
  | { readonly ok: true; readonly value: RoutePlan }
  | { readonly ok: false; readonly error: UserError; readonly record: RoutingRecord | null };

/** What of a booked row a decision is made again from. */
export type DecidedRow = Pick<
  InferenceRecord,
  'operation' | 'requestedModel' | 'apiKeyId' | 'teamId' | 'task' | 'user' | 'sessionId' | 'tags' | 'routing'
>;

export interface ReplayOptions {
  readonly snapshot: CatalogueSnapshot;
  readonly version?: number;
}

/** A booked row, with what became of it. */
export type PastCall = DecidedRow & Pick<InferenceRecord, 'id' | 'status' | 'usage' | 'createdAt'>;

export interface RehearsalOptions {
  readonly snapshot: CatalogueSnapshot;
  /** A published version; or a tree that passed the checks of publication. */
  readonly tree: { readonly slug: string; readonly version: number } | { readonly definition: RouteNode };
  /** What is known of targets that a call did not ask about. */
  readonly gaps: {
    /** Picodollars; null: no price. */
    cost(row: PastCall, deployment: Deployment): number | null;
    reading(deployment: Deployment): Reading;
  };
}

/** Remembers turns and pins from call to call: hand calls over from the oldest to the newest. */
export interface Rehearsal {
  /** Null: too little was noted, or the version is gone. */
  decide(row: PastCall): RoutingRecord | null;
}

export interface RoutingContext {
  readonly principal: Principal;
  readonly snapshot: CatalogueSnapshot;
  /** Asked for as a stream: then a target's speed is that of its first token. */
  readonly stream?: boolean;
}

export interface PreviewContext extends RoutingContext {
  /** A tree that is not published; it must have passed the checks of publication. */
  readonly definition?: RouteNode | undefined;
  readonly seed?: string | undefined;
}

/** `targets` is empty where nobody can answer now; then `error` says why. */
export interface Preview {
  readonly targets: readonly Deployment[];
  readonly record: RoutingRecord;
  readonly error: UserError | null;
}

/** Targets in the order they are tried, and the record that explains them. */
export interface RoutePlan {
  readonly targets: readonly Deployment[];
  readonly record: RoutingRecord;
  /** What the route says of each target, in their order; without it the defaults hold, and nobody stands in for another. */
  readonly legs?: readonly Leg[];
  /** The first of them: whoever asks for no more leaves the others without an order, which costs most of it. */
  readonly first?: Leg | null;
  /** Its one target is tried though it is cooling, because the route says so. */
  readonly isForced?: boolean;
  /** Where all its targets have opened since it was made, the first is tried all the same; otherwise the call is refused. */
  readonly isLenient?: boolean;
  readonly hedge?: Hedge | null;
  /** For the caller: what could not be decided as the route says. */
  readonly warnings?: readonly string[];
  /** Told what came of it, for those who are to meet the same target again. */
  readonly remember?: (outcome: DispatchOutcome) => void;
}

/** Who is asked too, and when, where the first target is slower than it usually is. */
export interface Hedge {
  readonly to: DeploymentId;
  readonly afterMs: number;
  /** Where it is configured: extra load is counted there. */
  readonly node: string;
  readonly maxExtraLoad: number;
}

export interface DispatchWatch {
  readonly stream: boolean;
  /** The caller left, the deadline passed, or the process stops: its reason tells which. */
  readonly signal: AbortSignal;
  /** Asked when the signal aborts: whether a deployment that says DRAIN may be read on. Without it none is. */
  readonly mayDrain?: () => boolean;
  /** The clock's monotonic milliseconds at which the call's time is over: no retry waits past it. */
  readonly deadlineAtMs: number;
  readonly onAttemptStarted?: (attempt: Attempt) => void;
  readonly onDeltas: (deltas: readonly AnswerDelta[]) => void;
  /** Before an attempt's request is sent: whether its vendor vouches for the call's JSON schema. */
  readonly onAsked?: (attempt: Attempt, holdsSchema: boolean) => void;
  /** Before another target (or the same again) is asked, once the failed attempt is known. */
  readonly onAttemptFailed?: (attempt: Attempt, reason: string) => void;
  /** When another target has answered before this one, which is being ended. */
  readonly onAttemptOutrun?: (attempt: Attempt) => void;
}

/** One upstream call as dispatch knows it, before it is priced. */
export interface Attempt {
  readonly id: AttemptId;
  readonly index: number;
  readonly deployment: Deployment;
  readonly status: AttemptStatus;
  readonly failure: Failure | null;
  /** The provider had taken the request. */
  readonly accepted: boolean;
  /** What this attempt alone said and used. */
  readonly answer: Answer;
  readonly startedAt: Date;
  readonly firstTokenMs: number | null;
  readonly durationMs: number | null;
  /** Of these, what went by before the provider was asked; absent: nothing. */
  readonly fetchMs?: number;
  /** Why it was made, where an answer had come already. */
  readonly reason?: string;
  /** What it asked, where that is not the call itself. */
  readonly asked?: InferenceCall;
  /** It was ended because another target had answered before it. */
  readonly outrun?: boolean;
  /** Where the upstream is read on after its caller left: what the attempt comes to in the end. Never rejects. */
  readonly rest?: Promise<Attempt>;
}

export interface DispatchOutcome {
  readonly status: 'succeeded' | 'failed' | 'cancelled';
  /** The last one's answer is the outcome's; the others as they ended. Empty where the caller left before the first. */
  readonly attempts: readonly Attempt[];
  /** Why nobody was asked, though the plan had targets. */
  readonly refusal?: UserError | null;
  readonly warnings: readonly string[];
  /** Milliseconds spent waiting between attempts. */
  readonly pausedMs: number;
}
