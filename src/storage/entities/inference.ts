import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import type { Tag } from '../../core/principal.js';
import type {
  CacheStatus,
  ContentState,
  CostQuality,
  ErrorCode,
  FinishReason,
  InferenceStatus,
  Operation,
  TaskKind,
} from '../../core/vocabulary.js';
import { UsageColumns } from './usage-columns.js';

/**
 * The ledger: one row an inference, partitioned by the month of its id. References are plain ids, because what is deleted
 * stays in the books. Money is a decimal string in US dollars.
 */
@Entity('inference')
@Index('inference_running_idx', ['id'], { where: "(status = 'RUNNING'::text)" })
@Index('inference_organization_id_id_idx', ['organizationId', 'id'])
@Index('inference_organization_id_api_key_id_id_idx', ['organizationId', 'apiKeyId', 'id'])
@Index('inference_organization_id_created_at_idx', ['organizationId', 'createdAt'])
@Index('inference_organization_id_team_id_id_idx', ['organizationId', 'teamId', 'id'], { where: '(team_id IS NOT NULL)' })
@Index('inference_organization_id_user_id_idx', ['organizationId', 'user', 'id'], { where: '("user" IS NOT NULL)' })
@Index('inference_organization_id_session_id_id_idx', ['organizationId', 'sessionId', 'id'], { where: '(session_id IS NOT NULL)' })
@Index('inference_organization_id_status_id_idx', ['organizationId', 'status', 'id'], { where: "(status <> 'SUCCEEDED'::text)" })
@Index('inference_organization_id_route_id_idx', ['organizationId', 'route', 'id'], { where: '(route IS NOT NULL)' })
export class Inference {
  @PrimaryColumn({ name: 'id', type: 'uuid', primaryKeyConstraintName: 'inference_pkey' }) id!: string;
  @Column({ name: 'organization_id', type: 'uuid' }) organizationId!: string;
  @Column({ name: 'operation', type: 'text' }) operation!: Operation;
  @Column({ name: 'status', type: 'text' }) status!: InferenceStatus;
  @Column({ name: 'requested_model', type: 'text' }) requestedModel!: string;
  @Column({ name: 'served_model_id', type: 'uuid', nullable: true }) servedModelId!: string | null;
  @Column({ name: 'served_deployment_id', type: 'uuid', nullable: true }) servedDeploymentId!: string | null;
  @Column({ name: 'served_provider_id', type: 'uuid', nullable: true }) servedProviderId!: string | null;
  /** The deployment's region, else its provider's, as it was when the row was booked. */
  @Column({ name: 'served_region', type: 'text', nullable: true }) servedRegion!: string | null;
  @Column({ name: 'api_key_id', type: 'uuid' }) apiKeyId!: string;
  @Column({ name: 'team_id', type: 'uuid', nullable: true }) teamId!: string | null;
  @Column({ name: 'user', type: 'text', nullable: true }) user!: string | null;
  @Column({ name: 'session_id', type: 'text', nullable: true }) sessionId!: string | null;
  @Column({ name: 'tags', type: 'jsonb', default: [] }) tags!: Tag[];
  @Column({ name: 'task', type: 'text', nullable: true }) task!: TaskKind | null;
  @Column(() => UsageColumns, { prefix: false }) usage!: UsageColumns;
  /** Null while it runs, and where it is unpriced. */
  @Column({ name: 'cost', type: 'numeric', nullable: true }) cost!: string | null;
  @Column({ name: 'cost_quality', type: 'text', nullable: true }) costQuality!: CostQuality | null;
  @Column({ name: 'cost_components', type: 'jsonb', default: [] }) costComponents!: unknown;
  @Column({ name: 'price_id', type: 'uuid', nullable: true }) priceId!: string | null;
  /** The price as it was in force. */
  @Column({ name: 'price', type: 'jsonb', nullable: true }) price!: unknown;
  @Column({ name: 'saved', type: 'numeric', default: 0 }) saved!: string;
  @Column({ name: 'unpriced', type: 'boolean', default: false }) unpriced!: boolean;
  @Column({ name: 'finish_reason', type: 'text', nullable: true }) finishReason!: FinishReason | null;
  @Column({ name: 'raw_finish_reason', type: 'text', nullable: true }) rawFinishReason!: string | null;
  @Column({ name: 'warnings', type: 'text', array: true, default: [] }) warnings!: string[];
  @Column({ name: 'error_code', type: 'text', nullable: true }) errorCode!: ErrorCode | null;
  @Column({ name: 'error', type: 'jsonb', nullable: true }) error!: unknown;
  /** Route, version, seed, steps, candidates. */
  @Column({ name: 'routing', type: 'jsonb', nullable: true }) routing!: unknown;
  /** The slug of the route that was named, and its version then. */
  @Column({ name: 'route', type: 'text', nullable: true }) route!: string | null;
  @Column({ name: 'route_version', type: 'integer', nullable: true }) routeVersion!: number | null;
  @Column({ name: 'experiment', type: 'text', nullable: true }) experiment!: string | null;
  @Column({ name: 'experiment_branch', type: 'text', nullable: true }) experimentBranch!: string | null;
  @Column({ name: 'rerouted', type: 'boolean', default: false }) rerouted!: boolean;
  /** How many upstream calls it took. */
  @Column({ name: 'attempt_count', type: 'integer', default: 0 }) attemptCount!: number;
  @Column({ name: 'cache_status', type: 'text', nullable: true }) cacheStatus!: CacheStatus | null;
  @Column({ name: 'cache', type: 'jsonb', nullable: true }) cache!: unknown;
  @Column({ name: 'streamed', type: 'boolean', default: false }) streamed!: boolean;
  @Column({ name: 'content_state', type: 'text', default: 'NOT_STORED' }) contentState!: ContentState;
  @Column({ name: 'content_expires_at', type: 'timestamptz', nullable: true }) contentExpiresAt!: Date | null;
  @Column({ name: 'queued_ms', type: 'double precision', nullable: true }) queuedMs!: number | null;
  @Column({ name: 'gateway_ms', type: 'double precision', nullable: true }) gatewayMs!: number | null;
  @Column({ name: 'first_token_ms', type: 'double precision', nullable: true }) firstTokenMs!: number | null;
  @Column({ name: 'total_ms', type: 'double precision', nullable: true }) totalMs!: number | null;
  @Column({ name: 'request_id', type: 'text', nullable: true }) requestId!: string | null;
  @Column({ name: 'created_at', type: 'timestamptz' }) createdAt!: Date;
  @Column({ name: 'ended_at', type: 'timestamptz', nullable: true }) endedAt!: Date | null;
  /** Settled for a lost replica, until the truth turns up. */
  @Column({ name: 'provisional', type: 'boolean', default: false }) provisional!: boolean;
}
