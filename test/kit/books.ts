import pg from 'pg';
import { fromString, toUUID } from 'typeid-js';

export type Row = Record<string, unknown> & { readonly attempts: readonly Record<string, unknown>[] };

/** Polls the database until the inference is booked: within 5 s of its end, 2 s when idle. */
export async function bookedRow(databaseUrl: string, id: string): Promise<Row> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    for (;;) {
      const uuid = toUUID(fromString(id));
      const { rows } = await client.query<Record<string, unknown>>('SELECT * FROM inference WHERE id = $1', [uuid]);
      const { rows: attempts } = await client.query<Record<string, unknown>>(
        'SELECT * FROM attempt WHERE inference_id = $1 ORDER BY "index"',
        [uuid],
      );
      const ended = rows.find((row) => row['status'] !== 'RUNNING');
      if (ended) return { ...ended, attempts };
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  } finally {
    await client.end();
  }
}

/** What is in the books of these inferences now, without waiting. */
export async function rowsNow(databaseUrl: string, ids: readonly string[]): Promise<readonly Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const uuids = ids.map((id) => toUUID(fromString(id)));
    return (await client.query<Record<string, unknown>>('SELECT * FROM inference WHERE id = ANY($1)', [uuids])).rows;
  } finally {
    await client.end();
  }
}
