import { isServing } from '../core/catalogue.js';
import type { Deployment } from '../core/catalogue.js';
import type { Clock } from '../core/clock.js';
import { FAILURE_POLICIES } from '../core/failures.js';
import type { DeploymentId } from '../core/ids.js';
import { totalOutput } from '../core/usage.js';
import type { HealthState } from '../core/vocabulary.js';
import type { Attempt } from './contract.js';
import { whyNotServing } from './resolve.js';

const WINDOW_MS = 60_000;
/** Enough for a steady 95th percentile; older samples of a busy minute give way. */
const MAX_SAMPLES = 256;
const MAX_DEPLOYMENTS = 5_000;
/** So many attempts, and so large a share of them failed, make a target DEGRADED. */
const DEGRADED = { attempts: 5, errorRate: 0.2 } as const;

/** How a deployment has been doing in the last minute, as the public contract names it. Rates are shares of 1. */
export interface DeploymentHealth {
  readonly state: HealthState;
  readonly reason: string | null;
  readonly since: Date;
  readonly until: Date | null;
  readonly inFlight: number;
  readonly errorRate: number;
  readonly firstTokenMsP50: number | null;
  readonly latencyMsP50: number | null;
  readonly latencyMsP95: number | null;
  readonly tokensPerSecond: number | null;
}

/** What this process has seen of its upstreams; read by GraphQL, fed by the router. */
export interface HealthBoard {
  health(deployment: Deployment): DeploymentHealth;
  attemptStarted(deployment: Deployment): void;
  attemptEnded(attempt: Attempt): void;
}

interface Sample {
  readonly atMs: number;
  readonly failed: boolean;
  readonly durationMs: number | null;
  readonly firstTokenMs: number | null;
  readonly outputTokens: number;
}

interface Watched {
  inFlight: number;
  samples: Sample[];
  state: HealthState;
  since: Date;
}

export function createHealthBoard({ clock }: { readonly clock: Clock }): HealthBoard {
  const watched = new Map<DeploymentId, Watched>();

  function watch(id: DeploymentId): Watched {
    const known = watched.get(id);
    if (known) return known;
    if (watched.size >= MAX_DEPLOYMENTS) forgetOneIdle(watched);
    const fresh: Watched = { inFlight: 0, samples: [], state: 'HEALTHY', since: clock.now() };
    watched.set(id, fresh);
    return fresh;
  }

  return {
    attemptStarted(deployment) {
      watch(deployment.id).inFlight += 1;
    },
    attemptEnded(attempt) {
      const target = watch(attempt.deployment.id);
      target.inFlight = Math.max(0, target.inFlight - 1);
      if (attempt.status === 'CANCELLED') return;
      target.samples.push(sampleOf(attempt, clock.monotonicMs()));
      if (target.samples.length > MAX_SAMPLES) target.samples.shift();
    },
    health(deployment) {
      const target = watch(deployment.id);
      const oldest = clock.monotonicMs() - WINDOW_MS;
      target.samples = target.samples.filter((sample) => sample.atMs > oldest);
      const verdict = judge(deployment, target.samples);
      if (verdict.state !== target.state) Object.assign(target, { state: verdict.state, since: clock.now() });
      return { ...verdict, since: target.since, until: null, inFlight: target.inFlight, ...measure(target.samples) };
    },
  };
}

function forgetOneIdle(watched: Map<DeploymentId, Watched>): void {
  for (const [id, { inFlight }] of watched) if (inFlight === 0) return void watched.delete(id);
}

function sampleOf(attempt: Attempt, atMs: number): Sample {
  const { failure, durationMs, firstTokenMs, answer } = attempt;
  const outputTokens = answer.usage === null ? 0 : totalOutput(answer.usage);
  return { atMs, failed: failure !== null && FAILURE_POLICIES[failure.class].health !== 'none', durationMs, firstTokenMs, outputTokens };
}

function errorRateOf(samples: readonly Sample[]): number {
  return samples.length === 0 ? 0 : samples.filter((sample) => sample.failed).length / samples.length;
}

function judge(deployment: Deployment, samples: readonly Sample[]): Pick<DeploymentHealth, 'state' | 'reason'> {
  if (!isServing(deployment)) return { state: 'DISABLED', reason: whyNotServing(deployment) };
  const errorRate = errorRateOf(samples);
  if (samples.length < DEGRADED.attempts || errorRate < DEGRADED.errorRate) return { state: 'HEALTHY', reason: null };
  return { state: 'DEGRADED', reason: `${Math.round(errorRate * 100)} % of ${samples.length} attempts failed in the last minute` };
}

type Measures = Pick<DeploymentHealth, 'errorRate' | 'firstTokenMsP50' | 'latencyMsP50' | 'latencyMsP95' | 'tokensPerSecond'>;

function measure(samples: readonly Sample[]): Measures {
  const answered = samples.filter((sample) => !sample.failed);
  const latencies = sorted(answered.map((sample) => sample.durationMs));
  const firstTokens = sorted(answered.map((sample) => sample.firstTokenMs));
  return {
    errorRate: errorRateOf(samples),
    firstTokenMsP50: percentile(firstTokens, 0.5),
    latencyMsP50: percentile(latencies, 0.5),
    latencyMsP95: percentile(latencies, 0.95),
    tokensPerSecond: throughput(answered),
  };
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
