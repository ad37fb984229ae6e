import type { Need } from './capabilities.js';
import type { AssistantMessage } from './answer.js';
import type { UserError } from './errors.js';
import type { Failure } from './failures.js';
import type { ApiKeyId, AttemptId, DeploymentId, InferenceId, ModelId, OrganizationId, ProviderId, TeamId } from './ids.js';
import type { OperationResult } from './operations.js';
import type { Cost } from './pricing.js';
import type { RoutingPreferences } from './routes.js';
import type { Tag } from './principal.js';
import type { TokenUsage } from './usage.js';
import type { AttemptStatus, CacheStatus, ContentState, FinishReason, InferenceStatus, Operation, TaskKind } from './vocabulary.js';

/** Anything the gateway ran, or refused to run, for an authenticated caller: one ledger row. */
export interface InferenceRecord {
  readonly id: InferenceId;
  readonly organizationId: OrganizationId;
  readonly operation: Operation;
  readonly status: InferenceStatus;
  readonly requestedModel: string;
  readonly served: ServedBy | null;
  readonly apiKeyId: ApiKeyId;
  readonly teamId: TeamId | null;
  readonly user: string | null;
  readonly sessionId: string | null;
  readonly tags: readonly Tag[];
  readonly task: TaskKind | null;
  /** Null while RUNNING. */
  readonly usage: TokenUsage | null;
  readonly cost: Cost | null;
  readonly routing: RoutingRecord | null;
  readonly attempts: readonly AttemptRecord[];
  readonly cacheStatus: CacheStatus;
  readonly finishReason: FinishReason | null;
  readonly rawFinishReason: string | null;
  readonly warnings: readonly string[];
  readonly error: UserError | null;
  readonly streamed: boolean;
  readonly contentState: ContentState;
  readonly contentExpiresAt: Date | null;
  readonly timing: Timing;
  readonly requestId: string | null;
  readonly createdAt: Date;
  readonly endedAt: Date | null;
}

export interface ServedBy {
  readonly modelId: ModelId;
  readonly deploymentId: DeploymentId;
  readonly providerId: ProviderId;
}

/** Milliseconds with a fraction; null where it did not come to that. */
export interface Timing {
  readonly queuedMs: number | null;
  /** Total less the time spent waiting for upstreams. */
  readonly gatewayMs: number | null;
  readonly firstTokenMs: number | null;
  readonly totalMs: number | null;
}

/** How it was decided who answers; with the stored inputs and seed the same version decides the same again. */
export interface RoutingRecord {
  readonly route: string | null;
  readonly routeVersion: number | null;
  readonly seed: string;
  readonly steps: readonly { readonly path: string; readonly kind: string; readonly outcome: string; readonly reason: string }[];
  readonly candidates: readonly RoutingCandidate[];
  /** What the decision rested on, so that it can be made again; rows of earlier versions lack it. */
  readonly inputs?: DecisionInputs;
}

/** What was looked at, and nothing else; the row beside it knows who asked, and for what. */
export interface DecisionInputs {
  /** The configuration's version, and the instant (ISO 8601). */
  readonly snapshot: number;
  readonly at: string;
  readonly inputTokens: number;
  readonly hasTools: boolean;
  readonly hasImages: boolean;
  /** What the call could not be made without; absent: nothing, or a row of an earlier version. */
  readonly needs?: readonly Need[];
  readonly preferences: RoutingPreferences | null;
  /** By model slug, the ids of its deployments. */
  readonly models: Readonly<Record<string, readonly DeploymentId[]>>;
  /** By id, in rows of earlier versions: what was seen of a deployment stands with its candidate now. */
  readonly deployments?: Readonly<Record<string, DeploymentInputs>>;
  /** By node, how many decisions it had made before. */
  readonly turns: Readonly<Record<string, number>>;
  /** By node, what a session, user or key was bound to. */
  readonly pins: Readonly<Record<string, { readonly branch: string | null; readonly deploymentId: DeploymentId }>>;
  /** By slug, the versions of routes named by targets. */
  readonly routes: Readonly<Record<string, number>>;
}

/** What a decision saw of one deployment; what is absent was not asked, or had no data. Times in ms, cost in picodollars. */
export interface DeploymentInputs {
  readonly excluded?: { readonly kind: ExclusionKind; readonly reason: string };
  readonly blocked?: { readonly untilMs: number; readonly reason: string };
  readonly inFlight?: number;
  readonly latencyMs?: number | null;
  readonly firstTokenMs?: number | null;
  readonly tokensPerSecond?: number | null;
  /** Absent also in rows of earlier versions. */
  readonly msPerToken?: number | null;
  readonly cost?: number;
  /** How long its answers took at the percentile that a hedge goes by. */
  readonly hedgeAfterMs?: number;
  /** Where a model's deployments are balanced; absent: 1, or a row of an earlier version. */
  readonly weight?: number;
  /** Below 1 while it returns by and by after an outage; 0: it is due for a probe. */
  readonly share?: number;
}

export type ExclusionKind = 'not-serving' | 'not-allowed' | 'preference' | 'incapable' | 'too-small';

export interface RoutingCandidate {
  readonly deploymentId: DeploymentId;
  readonly chosen: boolean;
  readonly score: number | null;
  readonly excluded: string | null;
  /** Absent: nothing that is not the default, or a row of an earlier version. */
  readonly seen?: DeploymentInputs;
  /** Present where the way to it leads through an experiment. */
  readonly experiment?: ExperimentSide;
}

/** Which side of a named split. */
export interface ExperimentSide {
  readonly name: string;
  readonly branch: string;
}

/** One upstream call. */
export interface AttemptRecord {
  readonly id: AttemptId;
  readonly index: number;
  readonly served: ServedBy;
  readonly status: AttemptStatus;
  readonly failure: Failure | null;
  /** Why it was made, where an answer had come already: that one's faults. */
  readonly reason?: string;
  readonly startedAt: Date;
  readonly firstTokenMs: number | null;
  readonly durationMs: number | null;
  /** Settled by the table of who pays; null while running. */
  readonly usage: TokenUsage | null;
  readonly cost: Cost | null;
}

/** A record together with its words, while they can still be read; of any operation. */
export interface CompletionState {
  readonly record: InferenceRecord;
  /** A completion's; null for the others. */
  readonly message: AssistantMessage | null;
  /** Of an operation other than a completion. */
  readonly result?: OperationResult;
}
