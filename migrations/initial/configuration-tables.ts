/** Unique (organization_id, id) lets a reference carry its organization, so that it cannot cross to another one. */
export const CONFIGURATION_TABLES = `
CREATE TABLE installation (
  id smallint CONSTRAINT installation_pkey PRIMARY KEY CONSTRAINT installation_single_row CHECK (id = 1),
  master_key_check bytea NOT NULL,
  seeded_at timestamptz
);

CREATE TABLE configuration_version (
  id smallint CONSTRAINT configuration_version_pkey PRIMARY KEY CONSTRAINT configuration_version_single_row CHECK (id = 1),
  version bigint NOT NULL
);
INSERT INTO configuration_version (id, version) VALUES (1, 1);

CREATE TABLE organization (
  id uuid CONSTRAINT organization_pkey PRIMARY KEY,
  slug text NOT NULL CONSTRAINT organization_slug_key UNIQUE,
  name text NOT NULL,
  created_at timestamptz NOT NULL
);

CREATE TABLE team (
  id uuid CONSTRAINT team_pkey PRIMARY KEY,
  organization_id uuid NOT NULL CONSTRAINT team_organization_id_fkey REFERENCES organization (id),
  slug text NOT NULL,
  name text NOT NULL,
  created_at timestamptz NOT NULL,
  CONSTRAINT team_organization_id_id_key UNIQUE (organization_id, id),
  CONSTRAINT team_organization_id_slug_key UNIQUE (organization_id, slug)
);

CREATE TABLE api_key (
  id uuid CONSTRAINT api_key_pkey PRIMARY KEY,
  organization_id uuid NOT NULL CONSTRAINT api_key_organization_id_fkey REFERENCES organization (id),
  team_id uuid,
  name text NOT NULL,
  prefix text NOT NULL,
  permissions text[] NOT NULL,
  models text[],
  tags jsonb NOT NULL DEFAULT '[]',
  created_at timestamptz NOT NULL,
  expires_at timestamptz,
  revoked_at timestamptz,
  last_used_at timestamptz,
  created_by text,
  CONSTRAINT api_key_organization_id_id_key UNIQUE (organization_id, id),
  CONSTRAINT api_key_team_fkey FOREIGN KEY (organization_id, team_id) REFERENCES team (organization_id, id)
);
CREATE INDEX api_key_team_idx ON api_key (organization_id, team_id);

CREATE TABLE api_key_secret (
  hash bytea CONSTRAINT api_key_secret_pkey PRIMARY KEY CONSTRAINT api_key_secret_hash_length CHECK (octet_length(hash) = 32),
  organization_id uuid NOT NULL,
  api_key_id uuid NOT NULL,
  created_at timestamptz NOT NULL,
  expires_at timestamptz,
  CONSTRAINT api_key_secret_api_key_fkey FOREIGN KEY (organization_id, api_key_id)
    REFERENCES api_key (organization_id, id) ON DELETE CASCADE
);
CREATE INDEX api_key_secret_api_key_idx ON api_key_secret (organization_id, api_key_id);

CREATE TABLE provider (
  id uuid CONSTRAINT provider_pkey PRIMARY KEY,
  organization_id uuid NOT NULL CONSTRAINT provider_organization_id_fkey REFERENCES organization (id),
  slug text NOT NULL,
  name text NOT NULL,
  preset text,
  wire_format text NOT NULL,
  base_url text NOT NULL,
  region text,
  headers jsonb NOT NULL DEFAULT '{}',
  credential bytea,
  credential_last_four text,
  credential_set_at timestamptz,
  credential_from_environment boolean NOT NULL DEFAULT false,
  allow_private_network boolean NOT NULL DEFAULT false,
  enabled boolean NOT NULL DEFAULT true,
  created_at timestamptz NOT NULL,
  deleted_at timestamptz,
  CONSTRAINT provider_organization_id_id_key UNIQUE (organization_id, id),
  CONSTRAINT provider_credential_complete CHECK ((credential IS NULL) = (credential_set_at IS NULL))
);
CREATE UNIQUE INDEX provider_live_slug_key ON provider (organization_id, slug) WHERE deleted_at IS NULL;

CREATE TABLE model (
  id uuid CONSTRAINT model_pkey PRIMARY KEY,
  organization_id uuid NOT NULL CONSTRAINT model_organization_id_fkey REFERENCES organization (id),
  slug text NOT NULL,
  name text NOT NULL,
  vendor text NOT NULL,
  operations text[] NOT NULL,
  capabilities text[] NOT NULL,
  context_window integer,
  max_output_tokens integer,
  deprecated_on timestamptz,
  created_at timestamptz NOT NULL,
  deleted_at timestamptz,
  CONSTRAINT model_organization_id_id_key UNIQUE (organization_id, id)
);
CREATE UNIQUE INDEX model_live_slug_key ON model (organization_id, slug) WHERE deleted_at IS NULL;

CREATE TABLE deployment (
  id uuid CONSTRAINT deployment_pkey PRIMARY KEY,
  organization_id uuid NOT NULL,
  slug text NOT NULL,
  provider_id uuid NOT NULL,
  model_id uuid NOT NULL,
  upstream_model text NOT NULL,
  region text,
  weight integer NOT NULL DEFAULT 1 CONSTRAINT deployment_weight_not_negative CHECK (weight >= 0),
  enabled boolean NOT NULL DEFAULT true,
  on_cancel text NOT NULL DEFAULT 'ABORT',
  created_at timestamptz NOT NULL,
  deleted_at timestamptz,
  CONSTRAINT deployment_organization_id_id_key UNIQUE (organization_id, id),
  CONSTRAINT deployment_provider_fkey FOREIGN KEY (organization_id, provider_id) REFERENCES provider (organization_id, id),
  CONSTRAINT deployment_model_fkey FOREIGN KEY (organization_id, model_id) REFERENCES model (organization_id, id)
);
CREATE UNIQUE INDEX deployment_live_slug_key ON deployment (organization_id, slug) WHERE deleted_at IS NULL;
CREATE INDEX deployment_provider_idx ON deployment (organization_id, provider_id);
CREATE INDEX deployment_model_idx ON deployment (organization_id, model_id);

CREATE TABLE price (
  id uuid CONSTRAINT price_pkey PRIMARY KEY,
  organization_id uuid NOT NULL,
  model_id uuid,
  deployment_id uuid,
  effective_from timestamptz NOT NULL,
  currency text NOT NULL DEFAULT 'USD',
  source text NOT NULL,
  service_tier text,
  batch boolean NOT NULL DEFAULT false,
  tiers jsonb NOT NULL,
  created_at timestamptz NOT NULL,
  CONSTRAINT price_of_model_or_deployment CHECK (num_nonnulls(model_id, deployment_id) = 1),
  CONSTRAINT price_model_fkey FOREIGN KEY (organization_id, model_id) REFERENCES model (organization_id, id),
  CONSTRAINT price_deployment_fkey FOREIGN KEY (organization_id, deployment_id) REFERENCES deployment (organization_id, id)
);
CREATE INDEX price_model_idx ON price (organization_id, model_id, effective_from) WHERE model_id IS NOT NULL;
CREATE INDEX price_deployment_idx ON price (organization_id, deployment_id, effective_from) WHERE deployment_id IS NOT NULL;

CREATE TABLE audit_entry (
  id uuid CONSTRAINT audit_entry_pkey PRIMARY KEY,
  organization_id uuid NOT NULL,
  at timestamptz NOT NULL,
  actor_api_key_id uuid,
  actor text NOT NULL,
  action text NOT NULL,
  target_id text NOT NULL,
  target_kind text NOT NULL,
  before jsonb,
  after jsonb,
  request_id text
);
CREATE INDEX audit_entry_organization_id_id_idx ON audit_entry (organization_id, id DESC);
`;
