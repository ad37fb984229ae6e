import { chmod, mkdir } from 'node:fs/promises';
import path from 'node:path';
import type { Clock } from '../../core/clock.js';
import type { Logger } from '../../core/logger.js';
import { lockFolder } from '../../storage/folder-lock.js';
import { createJournal } from './journal.js';
import type { Journal, JournalLimits } from './journal.js';
import { recover } from './recovery.js';
import type { Recovered, RecoveryDependencies } from './recovery.js';
import { createSegmentLog } from './segments.js';

export interface OpenJournalOptions {
  readonly dataDir: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly limits?: Partial<JournalLimits & { readonly segmentBytes: number; readonly syncMs: number }>;
}

export interface OpenJournal extends Journal {
  /** Books what earlier processes left; resolves when it is committed. Once, before new work. */
  recover(ledger: RecoveryDependencies['ledger']): Promise<Recovered>;
}

const SEGMENT_BYTES = 8 * 1024 * 1024;
const SYNC_MS = 100;

/** Locks the journal's folder to this process and opens it. @throws FolderInUseError */
export async function openJournal({ dataDir, clock, logger, limits = {} }: OpenJournalOptions): Promise<OpenJournal> {
  const directory = path.join(dataDir, 'journal');
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await chmod(directory, 0o700);
  const lock = await lockFolder(directory);
  try {
    const segments = createSegmentLog({ directory, clock, logger, segmentBytes: SEGMENT_BYTES, syncMs: SYNC_MS, ...limits });
    const journal = createJournal({ segments, clock, logger, limits });
    return {
      attemptStarted: (start) => journal.attemptStarted(start),
      settled: (booking) => journal.settled(booking),
      drafted: (booking) => journal.drafted(booking),
      forget: (ids) => journal.forget(ids),
      get full() {
        return journal.full;
      },
      get bytes() {
        return journal.bytes;
      },
      recover: (ledger) => recover({ segments, ledger, logger }),
      async close() {
        await journal.close();
        await lock.release();
      },
    };
  } catch (error) {
    await lock.release();
    throw error;
  }
}
