import { FAILURE_POLICIES } from '../core/failures.js';
import { totalOutput } from '../core/usage.js';
import type { Attempt } from './contract.js';

export const WINDOW_MS = 60_000;
/** Enough for a steady 95th percentile; older samples of a busy minute give way. */
const MAX_SAMPLES = 256;

export interface Sample {
  readonly atMs: number;
  readonly failed: boolean;
  readonly durationMs: number | null;
  readonly firstTokenMs: number | null;
  readonly outputTokens: number;
}

/** What recent attempts came to; rates are shares of 1, times in milliseconds. */
export interface Measures {
  readonly errorRate: number;
  /** Failed attempts. */
  readonly failures: number;
  readonly firstTokenMsP50: number | null;
  readonly latencyMsP50: number | null;
  readonly latencyMsP95: number | null;
  readonly tokensPerSecond: number | null;
}

/** How long the provider took to answer; null where it was not to answer. A caller's own files and mistakes are none of its time. */
export function answerMsOf({ failure, durationMs, fetchMs = 0 }: Attempt): number | null {
  const isCallers = failure !== null && FAILURE_POLICIES[failure.class].health === 'none';
  return durationMs === null || isCallers ? null : durationMs - fetchMs;
}

export function sampleOf(attempt: Attempt, atMs: number): Sample {
  const { failure, firstTokenMs, answer } = attempt;
  const durationMs = answerMsOf(attempt);
  const outputTokens = answer.usage === null ? 0 : totalOutput(answer.usage);
  return { atMs, failed: failure !== null && FAILURE_POLICIES[failure.class].health !== 'none', durationMs, firstTokenMs, outputTokens };
}

export function addSample(samples: Sample[], sample: Sample): void {
  samples.push(sample);
  if (samples.length > MAX_SAMPLES) samples.shift();
}

/** Drops in place what is older than the window. */
export function dropOld(samples: Sample[], nowMs: number): void {
  const oldest = nowMs - WINDOW_MS;
  const keep = samples.findIndex((sample) => sample.atMs > oldest);
  samples.splice(0, keep < 0 ? samples.length : keep);
}

export function errorRateOf(samples: readonly Sample[]): number {
  return samples.length === 0 ? 0 : samples.filter((sample) => sample.failed).length / samples.length;
}

export function measure(samples: readonly Sample[]): Measures {
  const answered = samples.filter((sample) => !sample.failed);
  const latencies = sorted(answered.map((sample) => sample.durationMs));
  const firstTokens = sorted(answered.map((sample) => sample.firstTokenMs));
  return {
    errorRate: errorRateOf(samples),
    failures: samples.filter((sample) => sample.failed).length,
    firstTokenMsP50: percentile(firstTokens, 0.5),
    latencyMsP50: percentile(latencies, 0.5),
    latencyMsP95: percentile(latencies, 0.95),
    tokensPerSecond: throughput(answered),
  };
}

/** Fewer answers say nothing of the slow ones among them. */
const FEWEST_FOR_PERCENTILE = 10;

/** A percentile of the answers that have the measure; null: too few. */
export function percentileOf(
  samples: readonly Sample[],
  { fraction, of }: { readonly fraction: number; readonly of: 'durationMs' | 'firstTokenMs' },
): number | null {
  const values = sorted(samples.filter((sample) => !sample.failed).map((sample) => sample[of]));
  return values.length < FEWEST_FOR_PERCENTILE ? null : percentile(values, fraction);
}

function sorted(values: readonly (number | null)[]): readonly number[] {
  return values.filter((value) => value !== null).sort((left, right) => left - right);
}

/** The nearest rank: a value that was really measured. */
function percentile(ascending: readonly number[], fraction: number): number | null {
  return ascending[Math.max(0, Math.ceil(ascending.length * fraction) - 1)] ?? null;
}

function throughput(samples: readonly Sample[]): number | null {
  const tokens = samples.reduce((sum, sample) => sum + sample.outputTokens, 0);
  const seconds = samples.reduce((sum, sample) => sum + (sample.durationMs ?? 0), 0) / 1_000;
  return tokens === 0 || seconds === 0 ? null : tokens / seconds;
}

/** A slow answer counts at once by half, a fast one by a fifth: trouble is believed sooner than relief (after Finagle's peak EWMA). */
export function moved(average: number | null, value: number | null): number | null {
  if (value === null) return average;
  if (average === null) return value;
  return average + (value > average ? 0.5 : 0.2) * (value - average);
}
