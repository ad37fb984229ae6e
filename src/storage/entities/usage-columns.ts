import { Column } from 'typeorm';
import type { ColumnOptions } from 'typeorm';
import type { UsageSource } from '../../core/vocabulary.js';
import { bigintAsNumber } from './columns.js';

const tokens = (name: string): ColumnOptions => ({ name, type: 'bigint', default: 0, transformer: bigintAsNumber });

/**
 * The token classes of one call; `source` is null while nothing is known yet. JSON of the ledger is `unknown`: whoever reads it
 * checks it, and TypeORM's types do not end on a recursive one.
 */
export class UsageColumns {
  @Column(tokens('input')) input!: number;
  @Column(tokens('cached_input')) cachedInput!: number;
  @Column(tokens('cache_write_5m')) cacheWrite5m!: number;
  @Column(tokens('cache_write_1h')) cacheWrite1h!: number;
  @Column(tokens('audio_input')) audioInput!: number;
  @Column(tokens('image_input')) imageInput!: number;
  @Column(tokens('output')) output!: number;
  @Column(tokens('reasoning')) reasoning!: number;
  @Column(tokens('audio_output')) audioOutput!: number;
  @Column(tokens('image_output')) imageOutput!: number;
  @Column({ name: 'usage_source', type: 'text', nullable: true }) source!: UsageSource | null;
  @Column({ name: 'usage_raw', type: 'jsonb', nullable: true }) raw!: unknown;
  @Column({ name: 'usage_inconsistent', type: 'boolean', default: false }) inconsistent!: boolean;
}
