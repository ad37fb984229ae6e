/** Where the application's role may only add or read, whatever its policies say. */
const APP_GRANTS: Readonly<Record<string, string>> = {
  organization: 'SELECT',
  team: 'SELECT, INSERT, UPDATE, DELETE',
  api_key: 'SELECT, INSERT, UPDATE, DELETE',
  api_key_secret: 'SELECT, INSERT, UPDATE, DELETE',
  provider: 'SELECT, INSERT, UPDATE, DELETE',
  model: 'SELECT, INSERT, UPDATE, DELETE',
  deployment: 'SELECT, INSERT, UPDATE, DELETE',
  price: 'SELECT, INSERT, UPDATE, DELETE',
  audit_entry: 'SELECT, INSERT',
  inference: 'SELECT',
  attempt: 'SELECT',
};

/** An unset or empty setting becomes null, which equals nothing: without an organization there are no rows. */
const CURRENT_ORGANIZATION = `nullif(current_setting('glidepath.organization_id', true), '')::uuid`;

function tenantTable(table: string): string {
  const own = `${table === 'organization' ? 'id' : 'organization_id'} = ${CURRENT_ORGANIZATION}`;
  return `
ALTER TABLE ${table} ENABLE ROW LEVEL SECURITY;
ALTER TABLE ${table} FORCE ROW LEVEL SECURITY;
CREATE POLICY ${table}_app ON ${table} TO glidepath_app USING (${own}) WITH CHECK (${own});
CREATE POLICY ${table}_writer ON ${table} TO glidepath_writer USING (true) WITH CHECK (true);
GRANT ${APP_GRANTS[table]} ON ${table} TO glidepath_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON ${table} TO glidepath_writer;`;
}

/**
 * Row-level security per organization. Grants are on parents only: a parent's policies do not guard its partitions.
 * configuration_version belongs to no tenant, and every change raises it, so the application may update that one number.
 */
export const ACCESS = `
${Object.keys(APP_GRANTS).map(tenantTable).join('\n')}

GRANT SELECT, INSERT, UPDATE, DELETE ON installation, configuration_version TO glidepath_writer;
GRANT SELECT, UPDATE (version) ON configuration_version TO glidepath_app;
DO $$ BEGIN EXECUTE format('GRANT USAGE ON SCHEMA %I TO glidepath_app, glidepath_writer', current_schema()); END $$;
`;
