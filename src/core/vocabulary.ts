/**
 * The closed word lists of the public contract, once: GraphQL enums, database checks and unions in code are made of them.
 * A list may grow; a word is never renamed.
 */
export const OPERATIONS = ['COMPLETION', 'EMBEDDING', 'IMAGE', 'SPEECH', 'TRANSCRIPTION', 'MODERATION', 'RERANK'] as const;
export type Operation = (typeof OPERATIONS)[number];

export const INFERENCE_STATUSES = ['RUNNING', 'SUCCEEDED', 'FAILED', 'CANCELLED', 'BLOCKED'] as const;
export type InferenceStatus = (typeof INFERENCE_STATUSES)[number];

export const MESSAGE_ROLES = ['SYSTEM', 'USER', 'ASSISTANT', 'TOOL'] as const;
export type MessageRole = (typeof MESSAGE_ROLES)[number];

export const TOOL_CHOICE_MODES = ['AUTO', 'NONE', 'REQUIRED'] as const;
export type ToolChoiceMode = (typeof TOOL_CHOICE_MODES)[number];

export const REASONING_EFFORTS = ['NONE', 'MINIMAL', 'LOW', 'MEDIUM', 'HIGH'] as const;
export type ReasoningEffort = (typeof REASONING_EFFORTS)[number];

export const PROMPT_CACHE_TTLS = ['FIVE_MINUTES', 'ONE_HOUR'] as const;
export type PromptCacheTtl = (typeof PROMPT_CACHE_TTLS)[number];

export const TASK_KINDS = [
  'CHAT',
  'SUMMARIZATION',
  'TRANSLATION',
  'EXTRACTION',
  'CLASSIFICATION',
  'CODE',
  'REASONING',
  'CREATIVE',
  'OTHER',
] as const;
export type TaskKind = (typeof TASK_KINDS)[number];

export const EMBEDDING_PURPOSES = ['QUERY', 'DOCUMENT', 'SIMILARITY', 'CLASSIFICATION', 'CLUSTERING'] as const;
export type EmbeddingPurpose = (typeof EMBEDDING_PURPOSES)[number];

export const IMAGE_FORMATS = ['PNG', 'JPEG', 'WEBP'] as const;
export type ImageFormat = (typeof IMAGE_FORMATS)[number];

export const IMAGE_QUALITIES = ['LOW', 'MEDIUM', 'HIGH'] as const;
export type ImageQuality = (typeof IMAGE_QUALITIES)[number];

export const AUDIO_FORMATS = ['MP3', 'OPUS', 'AAC', 'FLAC', 'WAV', 'PCM'] as const;
export type AudioFormat = (typeof AUDIO_FORMATS)[number];

export const DISCONNECT_POLICIES = ['CANCEL', 'CONTINUE'] as const;
export type DisconnectPolicy = (typeof DISCONNECT_POLICIES)[number];

export const CONTENT_STATES = ['AVAILABLE', 'EXPIRED', 'NOT_STORED'] as const;
export type ContentState = (typeof CONTENT_STATES)[number];

export const FINISH_REASONS = [
  'STOP',
  'LENGTH',
  'TOOL_CALLS',
  'CONTENT_FILTER',
  'REFUSAL',
  'PAUSED',
  'CONTEXT_LENGTH',
  'INCOMPLETE',
  'CANCELLED',
  'OTHER',
] as const;
export type FinishReason = (typeof FINISH_REASONS)[number];

export const USAGE_SOURCES = ['REPORTED', 'ESTIMATED', 'NONE'] as const;
export type UsageSource = (typeof USAGE_SOURCES)[number];

export const COST_QUALITIES = ['EXACT', 'ESTIMATED', 'UNPRICED', 'FREE'] as const;
export type CostQuality = (typeof COST_QUALITIES)[number];

export const PRICE_COMPONENTS = [
  'INPUT',
  'CACHED_INPUT',
  'CACHE_WRITE_5M',
  'CACHE_WRITE_1H',
  'AUDIO_INPUT',
  'IMAGE_INPUT',
  'OUTPUT',
  'REASONING',
  'AUDIO_OUTPUT',
  'IMAGE_OUTPUT',
  'REQUEST',
  'IMAGE',
  'SECOND',
  'CHARACTER',
] as const;
export type PriceComponent = (typeof PRICE_COMPONENTS)[number];

export const ATTEMPT_STATUSES = ['RUNNING', 'SUCCEEDED', 'FAILED', 'CANCELLED'] as const;
export type AttemptStatus = (typeof ATTEMPT_STATUSES)[number];

export const FAILURE_CLASSES = [
  'RATE_LIMITED',
  'OVERLOADED',
  'SERVER_ERROR',
  'TIMEOUT',
  'CONNECTION',
  'AUTH',
  'TARGET_NOT_FOUND',
  'CONTEXT_LENGTH',
  'CONTENT_FILTER',
  'BAD_RESPONSE',
  'UNSUPPORTED_PARAMETER',
  'CALLER',
] as const;
export type FailureClass = (typeof FAILURE_CLASSES)[number];

export const PERMISSIONS = [
  'INFERENCE',
  'USAGE_READ',
  'PAYLOAD_READ',
  'CATALOG_READ',
  'CONFIG_WRITE',
  'KEYS_WRITE',
  'BUDGETS_WRITE',
  'AUDIT_READ',
  'ADMIN',
] as const;
export type Permission = (typeof PERMISSIONS)[number];

export const CAPABILITIES = [
  'STREAMING',
  'TOOLS',
  'PARALLEL_TOOLS',
  'JSON_MODE',
  'JSON_SCHEMA',
  'VISION',
  'AUDIO_INPUT',
  'DOCUMENTS',
  'REASONING',
  'PROMPT_CACHING',
] as const;
export type Capability = (typeof CAPABILITIES)[number];

export const WIRE_FORMATS = ['OPENAI_CHAT', 'OPENAI_RESPONSES', 'ANTHROPIC_MESSAGES', 'GEMINI', 'BEDROCK_CONVERSE'] as const;
export type WireFormat = (typeof WIRE_FORMATS)[number];

export const API_KEY_STATES = ['ACTIVE', 'EXPIRED', 'REVOKED'] as const;
export type ApiKeyState = (typeof API_KEY_STATES)[number];

export const CANCEL_POLICIES = ['ABORT', 'DRAIN'] as const;
export type CancelPolicy = (typeof CANCEL_POLICIES)[number];

export const HEALTH_STATES = ['HEALTHY', 'DEGRADED', 'OPEN', 'HALF_OPEN', 'DISABLED'] as const;
export type HealthState = (typeof HEALTH_STATES)[number];

export const CACHE_STATUSES = ['HIT', 'MISS', 'BYPASS', 'OFF'] as const;
export type CacheStatus = (typeof CACHE_STATUSES)[number];

export const ERROR_CODES = [
  'INVALID_REQUEST',
  'IDEMPOTENCY_MISMATCH',
  'COST_LIMIT_EXCEEDED',
  'CACHE_MISS',
  'MODEL_NOT_FOUND',
  'MODEL_NOT_ALLOWED',
  'CAPABILITY_NOT_SUPPORTED',
  'UNPRICED_MODEL',
  'RATE_LIMITED',
  'BUDGET_EXCEEDED',
  'HOLD_EXHAUSTED',
  'CONTENT_BLOCKED',
  'CONTEXT_LENGTH_EXCEEDED',
  'PROVIDER_FAILED',
  'PROVIDER_TIMEOUT',
  'PROVIDER_OVERLOADED',
  'PROVIDER_AUTH_FAILED',
  'PROVIDER_CONTENT_FILTER',
  'ALL_TARGETS_COOLING',
  'DEADLINE_EXCEEDED',
  'CANCELLED',
  'INTERRUPTED',
  'CONFLICT',
  'NOT_FOUND',
] as const;
export type ErrorCode = (typeof ERROR_CODES)[number];

/** What reports can be grouped by. */
export const USAGE_DIMENSIONS = [
  'TEAM',
  'API_KEY',
  'USER',
  'SESSION',
  'MODEL',
  'REQUESTED_MODEL',
  'PROVIDER',
  'DEPLOYMENT',
  'ROUTE',
  'ROUTE_VERSION',
  'EXPERIMENT_BRANCH',
  'OPERATION',
  'TASK',
  'STATUS',
  'ERROR_CODE',
  'CACHE_STATUS',
  'REGION',
  'TAG',
] as const;
export type UsageDimension = (typeof USAGE_DIMENSIONS)[number];

export const GRANULARITIES = ['MINUTE', 'HOUR', 'DAY', 'WEEK', 'MONTH'] as const;
export type Granularity = (typeof GRANULARITIES)[number];

export const USAGE_ORDERS = ['COST_DESC', 'REQUESTS_DESC', 'TOKENS_DESC', 'ERRORS_DESC', 'LATENCY_DESC'] as const;
export type UsageOrder = (typeof USAGE_ORDERS)[number];

export const ROUTING_GOALS = ['COST', 'LATENCY', 'THROUGHPUT'] as const;
export type RoutingGoal = (typeof ROUTING_GOALS)[number];

export const ALL_OPEN_POLICIES = ['FAIL', 'TRY_SOONEST'] as const;
export type AllOpenPolicy = (typeof ALL_OPEN_POLICIES)[number];

export const STICKY_KEYS = ['SESSION', 'USER', 'API_KEY'] as const;
export type StickyKey = (typeof STICKY_KEYS)[number];

export const BALANCE_STRATEGIES = ['ROUND_ROBIN', 'WEIGHTED', 'LEAST_BUSY', 'LOWEST_LATENCY', 'LOWEST_COST', 'HIGHEST_THROUGHPUT'] as const;
export type BalanceStrategy = (typeof BALANCE_STRATEGIES)[number];

export const LATENCY_MEASURES = ['END_TO_END', 'PER_TOKEN'] as const;
export type LatencyMeasure = (typeof LATENCY_MEASURES)[number];
