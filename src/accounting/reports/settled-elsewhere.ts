import type { Clock } from '../../core/clock.js';
import { parseInferenceId } from '../../core/ids.js';
import type { InferenceId, OrganizationId } from '../../core/ids.js';
import type { InferenceRecord } from '../../core/inference.js';
import { isJsonObject } from '../../core/json.js';
import type { Logger } from '../../core/logger.js';
import type { NoticeBoard } from '../../storage/notices.js';
import type { LedgerReader } from '../contract.js';
import type { ListingStore } from './listing.store.js';
import type { SettledFeed } from './settled-feed.js';

/** Notices that come together are read together. */
const GATHER_MS = 50;
const RETRY_MS = 1_000;
/** Past it too much is missing to be worth reading: subscribers are told so. */
const MAX_WAITING = 10_000;
const MAX_CAUGHT_UP = 1_000;
/** No call that ended after the gap began is older. */
const LONGEST_CALL_MS = 15 * 60_000;
/** What had ended so long before the last sign of life was booked, and told, before it. */
const BOOKED_WITHIN_MS = 15_000;

export interface ElsewhereDependencies {
  readonly feed: SettledFeed;
  readonly books: Pick<LedgerReader, 'findMany'>;
  readonly listing: ListingStore;
  readonly notices: Pick<NoticeBoard, 'on' | 'onGap'>;
  /** This one's own notices are no news. */
  readonly replicaId: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Tells subscribers here of what other replicas book, for as long as the process lives:
 * 1. The transaction that books names its ids in a notice (see `tellSettled`), so that what is heard of can be read.
 * 2. Without subscribers it passes. Else the records are read, those of notices that come together at once, and handed to the feed.
 * 3. Where notices may have been missed, what has ended since is read once from the ledger; where that is too much, subscribers get
 *    EVENTS_EXPIRED, and read `inferences`.
 */
export function followOthers(dependencies: ElsewhereDependencies): void {
  const { feed, notices, replicaId } = dependencies;
  const reading = createReading(dependencies);
  notices.on('settled', (payload) => {
    if (feed.readers > 0) reading.hear(idsIn(payload, replicaId));
  });
  notices.onGap((lastHeardAt) => {
    if (feed.readers > 0) reading.missed(lastHeardAt);
  });
}

interface News {
  readonly ids: readonly InferenceId[];
  /** Since when nothing may have been heard; null: no gap. */
  readonly gapSince: Date | null;
}

/** What has been heard of and not read yet. */
function createReading(dependencies: ElsewhereDependencies) {
  const { feed, clock, logger } = dependencies;
  let waiting: News[] = [];
  let isScheduled = false;

  const add = (news: News, delayMs: number): void => {
    waiting.push(news);
    if (waiting.reduce((sum, { ids }) => sum + ids.length, 0) > MAX_WAITING) {
      waiting = [];
      feed.lose();
    }
    if (isScheduled || waiting.length === 0) return;
    isScheduled = true;
    clock.after(delayMs, () => {
      isScheduled = false;
      void read();
    });
  };
  const read = async (): Promise<void> => {
    const news = joined(waiting);
    waiting = [];
    try {
      for (const organizationId of feed.organizations) await readFor(organizationId, news, dependencies);
    } catch (error) {
      logger.warn({ err: error }, 'what other replicas booked could not be read; trying again');
      add(news, RETRY_MS);
    }
  };
  return {
    hear(ids: readonly InferenceId[]): void {
      if (ids.length > 0) add({ ids, gapSince: null }, GATHER_MS);
    },
    missed: (gapSince: Date): void => add({ ids: [], gapSince }, GATHER_MS),
  };
}

function joined(news: readonly News[]): News {
  const gaps = news.flatMap(({ gapSince }) => gapSince?.getTime() ?? []);
  return { ids: news.flatMap(({ ids }) => ids), gapSince: gaps.length === 0 ? null : new Date(Math.min(...gaps)) };
}

async function readFor(organizationId: OrganizationId, { ids, gapSince }: News, dependencies: ElsewhereDependencies): Promise<void> {
  const { feed, books } = dependencies;
  if (ids.length > 0) feed.publish([...(await books.findMany(organizationId, ids)).values()].filter(isSettled));
  if (gapSince !== null) await catchUp(organizationId, gapSince, dependencies);
}

async function catchUp(organizationId: OrganizationId, since: Date, { feed, listing, clock }: ElsewhereDependencies): Promise<void> {
  const range = { from: new Date(since.getTime() - LONGEST_CALL_MS), to: new Date(clock.now().getTime() + LONGEST_CALL_MS) };
  const page = { limit: MAX_CAUGHT_UP, after: null };
  const records = await listing.inferences({ organizationId, teamId: null }, { range }, page);
  if (records.length === MAX_CAUGHT_UP) {
    feed.lose(organizationId);
    return;
  }
  const endedFrom = since.getTime() - BOOKED_WITHIN_MS;
  const news = records.filter((record) => isSettled(record) && !feed.knows(record.id) && (record.endedAt?.getTime() ?? 0) >= endedFrom);
  feed.publish(news.toReversed());
}

function isSettled({ status }: InferenceRecord): boolean {
  return status !== 'RUNNING';
}

/** Another version may say more, or something else. */
function idsIn(payload: string, ownId: string): readonly InferenceId[] {
  const notice = parsed(payload);
  if (!isJsonObject(notice) || notice['by'] === ownId || !Array.isArray(notice['ids'])) return [];
  return notice['ids'].flatMap((id: unknown) => (typeof id === 'string' ? (parseInferenceId(id) ?? []) : []));
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
