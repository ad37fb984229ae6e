const USAGE = `
  input bigint NOT NULL DEFAULT 0,
  cached_input bigint NOT NULL DEFAULT 0,
  cache_write_5m bigint NOT NULL DEFAULT 0,
  cache_write_1h bigint NOT NULL DEFAULT 0,
  audio_input bigint NOT NULL DEFAULT 0,
  image_input bigint NOT NULL DEFAULT 0,
  output bigint NOT NULL DEFAULT 0,
  reasoning bigint NOT NULL DEFAULT 0,
  audio_output bigint NOT NULL DEFAULT 0,
  image_output bigint NOT NULL DEFAULT 0,
  usage_source text,
  usage_raw jsonb,
  usage_inconsistent boolean NOT NULL DEFAULT false,
  cost numeric,
  cost_quality text,
  cost_components jsonb NOT NULL DEFAULT '[]',
  price_id uuid`;

/**
 * Partitioned by UUIDv7 id, so that primary key and partition key are one; start-up makes the months. No foreign keys:
 * the books outlive what they tell about. The default partition takes what a skewed clock numbers outside every month.
 */
export const LEDGER_TABLES = `
CREATE TABLE inference (
  id uuid CONSTRAINT inference_pkey PRIMARY KEY,
  organization_id uuid NOT NULL,
  operation text NOT NULL,
  status text NOT NULL,
  requested_model text NOT NULL,
  served_model_id uuid,
  served_deployment_id uuid,
  served_provider_id uuid,
  api_key_id uuid NOT NULL,
  team_id uuid,
  "user" text,
  session_id text,
  tags jsonb NOT NULL DEFAULT '[]',
  task text,${USAGE},
  price jsonb,
  saved numeric NOT NULL DEFAULT 0,
  unpriced boolean NOT NULL DEFAULT false,
  finish_reason text,
  raw_finish_reason text,
  warnings text[] NOT NULL DEFAULT '{}',
  error_code text,
  error jsonb,
  routing jsonb,
  rerouted boolean NOT NULL DEFAULT false,
  cache_status text,
  cache jsonb,
  streamed boolean NOT NULL DEFAULT false,
  content_state text NOT NULL DEFAULT 'NOT_STORED',
  content_expires_at timestamptz,
  queued_ms double precision,
  gateway_ms double precision,
  first_token_ms double precision,
  total_ms double precision,
  request_id text,
  created_at timestamptz NOT NULL,
  ended_at timestamptz
) PARTITION BY RANGE (id);
CREATE INDEX inference_organization_id_id_idx ON inference (organization_id, id DESC);
CREATE INDEX inference_organization_id_api_key_id_id_idx ON inference (organization_id, api_key_id, id DESC);
CREATE TABLE inference_default PARTITION OF inference DEFAULT;

CREATE TABLE attempt (
  id uuid CONSTRAINT attempt_pkey PRIMARY KEY,
  organization_id uuid NOT NULL,
  inference_id uuid NOT NULL,
  index integer NOT NULL,
  deployment_id uuid,
  provider_id uuid,
  model_id uuid,
  status text NOT NULL,
  failure text,
  http_status integer,
  detail text,
  retry_after_ms integer,
  started_at timestamptz NOT NULL,
  first_token_ms double precision,
  duration_ms double precision,${USAGE}
) PARTITION BY RANGE (id);
CREATE INDEX attempt_inference_id_idx ON attempt (inference_id);
CREATE TABLE attempt_default PARTITION OF attempt DEFAULT;
`;
