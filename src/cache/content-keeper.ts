import type { Clock } from '../core/clock.js';
import type { Logger } from '../core/logger.js';
import type { ContentKeeper, EndedContent, Payload } from './contract.js';
import type { ContentStore } from './content.store.js';

export interface ContentKeeperLimits {
  readonly batchContents: number;
  /** What has ended waits so long for company. */
  readonly gatherMs: number;
  /** Bytes in memory; past it the words of the oldest are given up, never their keys. */
  readonly maxBytes: number;
  readonly retryMs: number;
}

export const CONTENT_KEEPER_LIMITS: ContentKeeperLimits = { batchContents: 100, gatherMs: 25, maxBytes: 64 * 1024 * 1024, retryMs: 1_000 };

export interface ContentKeeperDependencies {
  readonly store: ContentStore;
  /** Resolves when what was settled before is in the ledger: its rows are told of the words only then. */
  readonly booked: () => Promise<void>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly limits?: Partial<ContentKeeperLimits>;
}

/**
 * 1. `keep` puts an ended content into memory and returns; a moment later a batch of them is stored, one batch at a time.
 * 2. First the ledger has to have their rows. Then words, rows and keys are written in one transaction, so that whoever finds
 *    a key's end finds all of it, and no row promises words that are not there.
 * 3. A batch that fails is tried again, for as long as it takes. Past the bound in bytes the oldest words are given up: their
 *    rows go on saying NOT_STORED, which is true.
 */
export function createContentKeeper(dependencies: ContentKeeperDependencies): ContentKeeper {
  return new BatchingContentKeeper(dependencies, { ...CONTENT_KEEPER_LIMITS, ...dependencies.limits });
}

class BatchingContentKeeper implements ContentKeeper {
  readonly #waiting = new Map<EndedContent['id'], EndedContent>();
  #bytes = 0;
  #closed = false;
  #cancelTimer: (() => void) | null = null;
  #endPause: (() => void) | null = null;
  #storing: Promise<void> | null = null;

  constructor(
    private readonly dependencies: ContentKeeperDependencies,
    private readonly limits: ContentKeeperLimits,
  ) {}

  get waiting(): Iterable<EndedContent['id']> {
    return this.#waiting.keys();
  }

  held(id: EndedContent['id']): Payload | null {
    return this.#waiting.get(id)?.payload?.value ?? null;
  }

  keep(content: EndedContent): void {
    this.#waiting.set(content.id, content);
    this.#bytes += content.bytes;
    this.#giveUpOldest();
    this.#schedule();
  }

  async close(graceMs: number): Promise<void> {
    let cancelGrace = (): void => undefined;
    const grace = new Promise<void>((resolve) => {
      cancelGrace = this.dependencies.clock.after(graceMs, resolve);
    });
    this.#endPause?.();
    await Promise.race([this.#storeAll(), grace]);
    cancelGrace();
    this.#closed = true;
    this.#cancelTimer?.();
    this.#endPause?.();
    if (this.#waiting.size > 0) this.dependencies.logger.warn({ left: this.#waiting.size }, 'words of ended completions were not stored');
  }

  #schedule(): void {
    if (this.#closed || this.#storing !== null) return;
    this.#cancelTimer ??= this.dependencies.clock.after(this.limits.gatherMs, () => void this.#storeAll());
  }

  #storeAll(): Promise<void> {
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    this.#storing ??= this.#store().finally(() => {
      this.#storing = null;
    });
    return this.#storing;
  }

  async #store(): Promise<void> {
    while (this.#waiting.size > 0 && !this.#closed) {
      const ids = [...this.#waiting.keys()].slice(0, this.limits.batchContents);
      try {
        await this.dependencies.booked();
        const batch = ids.flatMap((id) => this.#waiting.get(id) ?? []);
        await this.dependencies.store.insert(batch);
        for (const content of batch) this.#forget(content);
        for (const { onStored } of batch) onStored();
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        this.dependencies.logger.warn({ reason, waiting: this.#waiting.size }, 'words can’t be stored; trying again');
        await this.#pause();
      }
    }
  }

  #forget(content: EndedContent): void {
    const current = this.#waiting.get(content.id);
    this.#bytes -= current?.bytes ?? 0;
    this.#waiting.delete(content.id);
  }

  #giveUpOldest(): void {
    for (const content of this.#waiting.values()) {
      if (this.#bytes <= this.limits.maxBytes) return;
      if (content.bytes === 0) continue;
      this.#bytes -= content.bytes;
      if (content.keyUntil === null) this.#waiting.delete(content.id);
      else this.#waiting.set(content.id, { ...content, events: null, payload: null, bytes: 0, onStored: () => undefined });
    }
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.dependencies.clock.after(this.limits.retryMs, resolve);
      this.#endPause = () => {
        this.#endPause = null;
        cancel();
        resolve();
      };
    });
  }
}
