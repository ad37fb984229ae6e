import { toUUID, fromString } from 'typeid-js';
import pg from 'pg';
import { textOf } from '../kit/streams.js';
import type { Known, Told } from './clients.js';
import type { ProviderBooks, ProviderEntry } from './provider-books.js';

export interface LedgerRow {
  readonly id: string;
  readonly user: string;
  readonly status: string;
  readonly error_code: string | null;
  readonly input: string;
  readonly output: string;
  readonly usage_source: string;
  /** The row's cost is the sum of its attempts', and theirs is their tokens at the price. */
  readonly cost_is_exact: boolean;
  readonly attempts: readonly LedgerAttempt[];
}

interface LedgerAttempt {
  readonly status: string;
  readonly failure: string | null;
  readonly input: number;
  readonly output: number;
  readonly usage_source: string;
  readonly cost_is_exact: boolean;
}

const ROWS = `
SELECT i.id, i."user", i.status, i.error_code, i.input, i.output, i.usage_source,
  coalesce(i.cost, 0) = coalesce((SELECT sum(a.cost) FROM attempt a WHERE a.inference_id = i.id), 0)
    AND i.input = coalesce((SELECT sum(a.input) FROM attempt a WHERE a.inference_id = i.id), 0)
    AND i.output = coalesce((SELECT sum(a.output) FROM attempt a WHERE a.inference_id = i.id), 0) AS cost_is_exact,
  coalesce((SELECT json_agg(json_build_object('status', a.status, 'failure', a.failure, 'input', a.input, 'output', a.output,
    'usage_source', a.usage_source, 'cost_is_exact', coalesce(a.cost, 0) * 1000000 = a.input + 2 * a.output) ORDER BY a."index")
    FROM attempt a WHERE a.inference_id = i.id), '[]') AS attempts
FROM inference i WHERE i."user" IS NOT NULL ORDER BY i.created_at`;

/** The ledger itself, past the product. */
export async function readLedger(databaseUrl: string): Promise<readonly LedgerRow[]> {
  const client = new pg.Client({ connectionString: databaseUrl });
  // A connection that was broken in the midst of it fails its query; the rest is noise.
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query<LedgerRow>(ROWS)).rows;
  } finally {
    await client.end();
  }
}

export interface Audit {
  /** Requests that the provider saw and the ledger has no attempt of. */
  readonly missing: readonly string[];
  /** Rows or attempts beyond what the provider saw. */
  readonly doubled: readonly string[];
  /** Usage, cost, status or words that are not as they were. */
  readonly wrong: readonly string[];
}

export interface Evidence {
  readonly knowns: readonly Known[];
  readonly provider: ProviderBooks;
  readonly rows: readonly LedgerRow[];
}

/** Holds clients, provider and ledger against each other, by the table of who pays. */
export function audit({ knowns, provider, rows }: Evidence): Audit {
  const findings: Findings = { missing: [], doubled: [], wrong: [] };
  const byTag = new Map<string, LedgerRow[]>();
  for (const row of rows) byTag.set(row.user, [...(byTag.get(row.user) ?? []), row]);
  for (const known of knowns) {
    const { tag } = known.action;
    const own = byTag.get(tag) ?? [];
    checkRows(known, own, { entries: provider.of(tag), read: textOf(known.reading.events), findings });
    checkWords(known, provider.of(tag), findings);
  }
  return findings;
}

interface Findings {
  readonly missing: string[];
  readonly doubled: string[];
  readonly wrong: string[];
}

interface Against {
  readonly entries: readonly ProviderEntry[];
  /** What the client has read of the answer. */
  readonly read: string;
  readonly findings: Findings;
}

function checkRows(known: Known, rows: readonly LedgerRow[], { entries, read, findings }: Against): void {
  const { tag, key } = known.action;
  for (const id of known.ids) {
    const count = rows.filter((row) => row.id === toUUID(fromString(id))).length;
    if (count === 0) findings.missing.push(`${tag}: the client knows ${id}, the ledger doesn't`);
    if (count > 1) findings.doubled.push(`${tag}: ${id} has ${count} rows`);
  }
  const called = rows.filter((row) => row.attempts.length > 0);
  if (entries.length > 0 && called.length === 0) findings.missing.push(`${tag}: ${entries.length} requests, no row that tells of them`);
  if (called.length > 1) findings.doubled.push(`${tag}: called under ${called.length} rows`);
  if (key === null && rows.length > 1 + known.troubles.length) findings.doubled.push(`${tag}: ${rows.length} rows for one call`);
  for (const row of rows) checkRow(row, { entries: row.attempts.length > 0 ? entries : [], read, findings });
  for (const told of known.told) checkTold(told, { tag, row: rows.find((row) => row.id === toUUID(fromString(told.id))), findings });
}

function checkRow(row: LedgerRow, { entries, read, findings }: Against): void {
  const name = `${row.user} (${row.status})`;
  const surplus = row.attempts.length - entries.length;
  if (surplus < 0) findings.missing.push(`${name}: ${entries.length} requests, ${row.attempts.length} attempts`);
  // The last one may have been ended before the provider had read it.
  if (surplus > 1 || (surplus === 1 && row.attempts.at(-1)?.status !== 'CANCELLED'))
    findings.doubled.push(`${name}: ${entries.length} requests, ${row.attempts.length} attempts`);
  if (!row.cost_is_exact) findings.wrong.push(`${name}: the row is not the sum of its attempts`);
  if (row.status === 'RUNNING') findings.wrong.push(`${name}: never settled`);
  for (const [index, attempt] of row.attempts.entries()) {
    const isLast = index === row.attempts.length - 1;
    // A crash knows what was said as far as a second before it.
    const delivered = isLast && row.error_code !== 'INTERRUPTED' ? read : '';
    const why = faultOf(attempt, entries[index]) ?? faultOfEstimate(attempt, { sent: entries[index]?.text ?? '', delivered });
    if (why !== null) findings.wrong.push(`${name}, attempt ${index} (${attempt.status} ${attempt.failure ?? ''}): ${why}`);
  }
}

/** The table of who pays, held against what the provider has sent. */
function faultOf(attempt: LedgerAttempt, entry: ProviderEntry | undefined): string | null {
  if (!attempt.cost_is_exact) return 'its cost is not its tokens at the price';
  const reported = entry?.usage ?? null;
  if (attempt.usage_source === 'REPORTED') {
    const same = reported?.prompt_tokens === attempt.input && reported.completion_tokens === attempt.output;
    return same ? null : `REPORTED ${attempt.input}/${attempt.output}, but the provider said ${JSON.stringify(reported)}`;
  }
  switch (attempt.status) {
    case 'SUCCEEDED':
      return `${attempt.usage_source} for a success`;
    case 'FAILED':
      if (reported) return `${attempt.usage_source}, though the provider reported`;
      return (entry?.text === '') === (attempt.usage_source === 'NONE')
        ? null
        : `${attempt.usage_source} after ${entry?.text.length} characters`;
    default:
      return null;
  }
}

/** Where the provider's own count did not come: the prompt, and of the words no more than were sent and no less than were read. */
function faultOfEstimate(
  attempt: LedgerAttempt,
  { sent, delivered }: { readonly sent: string; readonly delivered: string },
): string | null {
  const { usage_source: source, input, output } = attempt;
  if (source === 'REPORTED') return null;
  if (source === 'ESTIMATED' && input === 0) return 'ESTIMATED without its prompt';
  if (source === 'NONE' && input + output > 0) return `NONE, but ${input}/${output}`;
  const [least, most] = [estimateOf(delivered), estimateOf(sent)];
  return output < least || output > most ? `${source} ${output} for ${least} to ${most} tokens of words` : null;
}

/** As docs/reference/outcomes.md has it: bytes by four. */
function estimateOf(words: string): number {
  return Math.ceil(Buffer.byteLength(words) / 4);
}

function checkTold(told: Told, { tag, row, findings }: { tag: string; row: LedgerRow | undefined; findings: Findings }): void {
  if (!row) return;
  if (row.status !== told.status) findings.wrong.push(`${tag}: told ${told.status}, booked ${row.status}`);
  const { usage } = told;
  if (!usage) return;
  if (usage.source !== row.usage_source || usage.totalInput !== Number(row.input) || usage.totalOutput !== Number(row.output))
    findings.wrong.push(`${tag}: told ${JSON.stringify(usage)}, booked ${row.usage_source} ${row.input}/${row.output}`);
}

/** What was read equals what was sent: all of it where it ended well, else its beginning; never a gap or a double. */
function checkWords(known: Known, entries: readonly ProviderEntry[], findings: Findings): void {
  const { reading, action, told } = known;
  for (const fault of reading.faults) findings.wrong.push(`${action.tag}: ${fault}`);
  const sent = entries.at(-1)?.text ?? '';
  const read = textOf(reading.events);
  if (!sent.startsWith(read))
    findings.wrong.push(`${action.tag}: read ${JSON.stringify(read.slice(-80))} of ${JSON.stringify(sent.slice(-80))}`);
  for (const { status, text } of told) {
    if (status === 'SUCCEEDED' && text !== null && text !== sent) findings.wrong.push(`${action.tag}: a success of other words`);
    // Who was cut off by a kill may find the words gone: they are stored behind the answer.
    const saw = reading.events.at(-1)?.__typename === 'CompletionFinished';
    if (status === 'SUCCEEDED' && saw && read !== sent) findings.wrong.push(`${action.tag}: words are missing`);
  }
}
