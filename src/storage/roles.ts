import type { Clock } from '../core/clock.js';
import { errorCode } from './error-code.js';

/** Sees and changes only rows of the organization that its transaction names. */
export const APP_ROLE = 'glidepath_app';
/** For what spans organizations: key lookup, the ledger's writer, start-up. */
export const WRITER_ROLE = 'glidepath_writer';

export type Sql = (text: string, parameters?: unknown[]) => Promise<Record<string, unknown>[]>;

const ATTEMPTS = 10;
const PAUSE_MS = 50;
const INSUFFICIENT_PRIVILEGE = '42501';
/** duplicate_object; unique_violation on pg_authid; "tuple concurrently updated". */
const LOST_RACES = new Set(['42710', '23505', 'XX000']);

/**
 * Makes both roles and lets the current login take them. Roles belong to the whole cluster, where no lock of one database
 * reaches: whoever loses a race looks again.
 * @throws an Error with the SQL to run, where the login may not create or grant roles.
 */
export async function ensureRoles(sql: Sql, clock: Clock): Promise<void> {
  for (const role of [APP_ROLE, WRITER_ROLE]) {
    for (let attempt = 1; ; attempt += 1) {
      try {
        await ensureRole(sql, role);
        break;
      } catch (error) {
        const code = errorCode(error);
        if (code === INSUFFICIENT_PRIVILEGE) throw new Error(await instructions(sql), { cause: error });
        if (code === null || !LOST_RACES.has(code) || attempt === ATTEMPTS) throw error;
        await pause(clock);
      }
    }
  }
}

async function ensureRole(sql: Sql, role: string): Promise<void> {
  const [known] = await sql('SELECT 1 FROM pg_roles WHERE rolname = $1', [role]);
  if (!known) await sql(`CREATE ROLE ${role} NOLOGIN`);
  const modern = await hasGrantOptions(sql);
  // Without inheritance a transaction that forgot to take a role sees nothing, instead of everything.
  const [member] = await sql(`SELECT pg_has_role(current_user, $1, '${modern ? 'SET' : 'MEMBER'}') AS may_take`, [role]);
  if (member?.['may_take'] !== true) await sql(`GRANT ${role} TO CURRENT_USER${modern ? ' WITH INHERIT FALSE, SET TRUE' : ''}`);
}

/** PostgreSQL 16 made INHERIT and SET properties of each grant. */
async function hasGrantOptions(sql: Sql): Promise<boolean> {
  const [row] = await sql(`SELECT current_setting('server_version_num')::int >= 160000 AS modern`);
  return row?.['modern'] === true;
}

async function instructions(sql: Sql): Promise<string> {
  const [row] = await sql('SELECT quote_ident(current_user) AS login');
  const login = String(row?.['login']);
  return [
    `The database login ${login} may not create or grant roles. Let an administrator run this once, then start again:`,
    `  CREATE ROLE ${APP_ROLE} NOLOGIN;`,
    `  CREATE ROLE ${WRITER_ROLE} NOLOGIN;`,
    `  GRANT ${APP_ROLE}, ${WRITER_ROLE} TO ${login};`,
  ].join('\n');
}

function pause(clock: Clock): Promise<void> {
  return new Promise((resolve) => {
    clock.after(PAUSE_MS, resolve);
  });
}
