import type { InferenceId } from '../../core/ids.js';
import type { SegmentLog, SegmentNumber } from './segments.js';

/** Lines of a call that has not been settled; of each, the last one counts. */
type OpenLine = 'start' | 'progress' | 'draft';

/** Knows which segments still hold something that is needed, and lets the others go. */
export interface Retention {
  /** Writes a line of a call that is not settled. */
  keep(id: InferenceId, line: OpenLine, text: string): void;
  /** Writes the line that settles it. */
  settle(id: InferenceId, text: string): void;
  /** Nothing of these is needed any more. */
  forget(ids: readonly InferenceId[]): void;
  /** Nothing at all is needed any more. */
  readonly empty: boolean;
}

interface Kept {
  readonly segments: Set<SegmentNumber>;
  /** To be written again where their segment is to go; null once it is settled. */
  open: Partial<Record<OpenLine, string>> | null;
}

/**
 * 1. A segment goes when no inference that has a line in it is needed any more, in whatever order that happens.
 * 2. A call that runs for long would keep its whole segment. Where the journal has grown large, the lines of such calls are
 *    written again at its end, as long as that frees more than half of the segment; then the segment goes.
 */
export function createRetention(segments: SegmentLog, gatherAboveBytes: number): Retention {
  return new CountingRetention(segments, gatherAboveBytes);
}

class CountingRetention implements Retention {
  private readonly kept = new Map<InferenceId, Kept>();
  private readonly needed = new Map<SegmentNumber, Set<InferenceId>>();

  constructor(
    private readonly segments: SegmentLog,
    private readonly gatherAboveBytes: number,
  ) {}

  get empty(): boolean {
    return this.kept.size === 0;
  }

  keep(id: InferenceId, line: OpenLine, text: string): void {
    const one = this.keptOf(id);
    if (one.open === null) return;
    if (line === 'start') one.open = { start: text };
    else one.open[line] = text;
    this.write(id, one, text);
  }

  settle(id: InferenceId, text: string): void {
    const one = this.keptOf(id);
    one.open = null;
    this.write(id, one, text);
  }

  forget(ids: readonly InferenceId[]): void {
    for (const id of ids) {
      const one = this.kept.get(id);
      if (!one) continue;
      this.kept.delete(id);
      for (const segment of one.segments) this.needed.get(segment)?.delete(id);
    }
    this.dropUnneeded();
    if (this.segments.bytes >= this.gatherAboveBytes) this.gather();
  }

  private keptOf(id: InferenceId): Kept {
    const one = this.kept.get(id) ?? { segments: new Set(), open: {} };
    this.kept.set(id, one);
    return one;
  }

  private write(id: InferenceId, one: Kept, text: string): void {
    const segment = this.segments.append(text);
    if (segment === null || one.segments.has(segment)) return;
    one.segments.add(segment);
    const ids = this.needed.get(segment) ?? new Set();
    this.needed.set(segment, ids.add(id));
  }

  private dropUnneeded(): void {
    for (const [segment, ids] of this.needed) {
      if (ids.size > 0 || segment === this.segments.current) continue;
      this.needed.delete(segment);
      this.segments.remove(segment);
    }
  }

  private gather(): void {
    for (const [segment, ids] of [...this.needed])
      if (segment !== this.segments.current && this.isWorthGathering(segment, ids)) this.rewrite(segment, ids);
    this.dropUnneeded();
  }

  private isWorthGathering(segment: SegmentNumber, ids: ReadonlySet<InferenceId>): boolean {
    let characters = 0;
    for (const id of ids) {
      const open = this.kept.get(id)?.open;
      if (!open) return false;
      for (const text of Object.values(open)) characters += text.length;
    }
    return characters * 2 < this.segments.sizeOf(segment);
  }

  private rewrite(segment: SegmentNumber, ids: Set<InferenceId>): void {
    for (const id of [...ids]) {
      const one = this.kept.get(id);
      if (!one) continue;
      for (const text of Object.values(one.open ?? {})) this.write(id, one, text);
      if (this.segments.failing) return;
      one.segments.delete(segment);
      ids.delete(id);
    }
  }
}
