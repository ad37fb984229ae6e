import { close, fdatasync, openSync, readdirSync, readFileSync, renameSync, statSync, unlinkSync, writeSync } from 'node:fs';
import path from 'node:path';
import type { Cancel, Clock } from '../../core/clock.js';
import type { Logger } from '../../core/logger.js';
import { errorCode } from '../../storage/error-code.js';
import { createFrameEncoder, readFrames } from './frames.js';
import type { ReadFrames } from './frames.js';

/** The number of a segment: later ones are larger, also over restarts. */
export type SegmentNumber = number;

/** What earlier processes left, and what this one writes: an append-only log in files of bounded size. */
export interface SegmentLog {
  /** Segments that were there when the log was opened, oldest first. They are never written to again. */
  readonly past: readonly SegmentNumber[];
  readonly current: SegmentNumber;
  /** Of all segments that are still there. */
  readonly bytes: number;
  sizeOf(segment: SegmentNumber): number;
  /** Hands the text to the system and tells where it stands; null where that failed. Survives this process from here on. */
  append(text: string): SegmentNumber | null;
  /** Whether the last append failed: a full or broken disk. */
  readonly failing: boolean;
  read(segment: SegmentNumber): ReadFrames;
  /** Neither may be asked for the current segment. */
  remove(segment: SegmentNumber): void;
  /** Keeps a damaged segment for an operator to look at, out of the way. */
  setAside(segment: SegmentNumber): void;
  /** `empty`: the current segment holds nothing that is needed, and goes. */
  close(options?: { readonly empty: boolean }): Promise<void>;
}

export interface SegmentLogOptions {
  readonly directory: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** A segment that has grown to this is followed by a new one. */
  readonly segmentBytes: number;
  /** What was written reaches the disk itself within so long: what a host that dies can lose. */
  readonly syncMs: number;
}

/** While nothing can be written nothing new begins, so somebody has to try. */
const PROBE_MS = 1_000;
const PROBE = '{"kind":"probe"}';
const NAME = /^(\d{12})\.journal$/;

export function createSegmentLog(options: SegmentLogOptions): SegmentLog {
  return new Segments(options);
}

class Segments implements SegmentLog {
  readonly past: readonly SegmentNumber[];
  private readonly sizes = new Map<SegmentNumber, number>();
  private readonly encoder = createFrameEncoder();
  private readonly closing = new Set<Promise<void>>();
  private descriptor: number;
  private number: SegmentNumber;
  private total = 0;
  private failed = false;
  private cancelSync: Cancel | null = null;
  private cancelProbe: Cancel | null = null;

  constructor(private readonly options: SegmentLogOptions) {
    this.past = readdirSync(options.directory)
      .flatMap((name) => NAME.exec(name)?.[1] ?? [])
      .map(Number)
      .toSorted((left, right) => left - right);
    for (const segment of this.past) this.resize(segment, statSync(this.pathOf(segment)).size);
    this.number = (this.past.at(-1) ?? 0) + 1;
    this.descriptor = this.create(this.number);
  }

  get current(): SegmentNumber {
    return this.number;
  }

  get bytes(): number {
    return this.total;
  }

  get failing(): boolean {
    return this.failed;
  }

  sizeOf(segment: SegmentNumber): number {
    return this.sizes.get(segment) ?? 0;
  }

  append(text: string): SegmentNumber | null {
    try {
      if (this.sizeOf(this.number) >= this.options.segmentBytes) this.rotate();
      this.write(this.encoder.encode(text));
    } catch (error) {
      if (!this.failed) this.options.logger.error({ err: error }, 'the journal can’t be written: no new work until it can');
      this.failed = true;
      this.probeLater();
      return null;
    }
    if (this.failed) this.options.logger.info({}, 'the journal can be written again');
    this.failed = false;
    this.cancelSync ??= this.options.clock.after(this.options.syncMs, () => this.sync());
    return this.number;
  }

  read(segment: SegmentNumber): ReadFrames {
    return readFrames(readFileSync(this.pathOf(segment)));
  }

  remove(segment: SegmentNumber): void {
    this.takeAway(segment, (file) => unlinkSync(file));
  }

  setAside(segment: SegmentNumber): void {
    this.takeAway(segment, (file) => renameSync(file, `${file}.damaged`));
  }

  async close({ empty } = { empty: false }): Promise<void> {
    this.cancelSync?.();
    this.cancelProbe?.();
    this.closeAfterSync(this.descriptor);
    await Promise.all(this.closing);
    if (empty) this.remove(this.number);
  }

  /** A write may be cut short by a full disk: what came of it is no frame, and is skipped by whoever reads. */
  private write(frame: Buffer): void {
    for (let written = 0; written < frame.length;) {
      const count = writeSync(this.descriptor, frame, written);
      this.resize(this.number, this.sizeOf(this.number) + count);
      written += count;
    }
  }

  private probeLater(): void {
    this.cancelProbe ??= this.options.clock.after(PROBE_MS, () => {
      this.cancelProbe = null;
      this.append(PROBE);
    });
  }

  private rotate(): void {
    const next = this.create(this.number + 1);
    this.closeAfterSync(this.descriptor);
    this.descriptor = next;
    this.number += 1;
  }

  private create(segment: SegmentNumber): number {
    const descriptor = openSync(this.pathOf(segment), 'ax', 0o600);
    this.resize(segment, 0);
    return descriptor;
  }

  private sync(): void {
    this.cancelSync = null;
    const segment = this.number;
    fdatasync(this.descriptor, (error) => {
      if (error && errorCode(error) !== 'EBADF')
        this.options.logger.error({ err: error, segment }, 'the journal can’t be brought to the disk');
    });
  }

  private closeAfterSync(descriptor: number): void {
    const closed = new Promise<void>((resolve) => {
      fdatasync(descriptor, () => close(descriptor, () => resolve()));
    }).then(() => {
      this.closing.delete(closed);
    });
    this.closing.add(closed);
  }

  private takeAway(segment: SegmentNumber, act: (file: string) => void): void {
    try {
      act(this.pathOf(segment));
      this.total -= this.sizeOf(segment);
      this.sizes.delete(segment);
    } catch (error) {
      this.options.logger.warn({ err: error, segment }, 'a journal file that is no longer needed can’t be removed');
    }
  }

  private resize(segment: SegmentNumber, size: number): void {
    this.total += size - this.sizeOf(segment);
    this.sizes.set(segment, size);
  }

  private pathOf(segment: SegmentNumber): string {
    return path.join(this.options.directory, `${String(segment).padStart(12, '0')}.journal`);
  }
}
