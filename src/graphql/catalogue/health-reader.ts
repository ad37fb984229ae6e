import type { Deployment } from '../../core/catalogue.js';
import type { DeploymentId } from '../../core/ids.js';
import type { HealthState } from '../../core/vocabulary.js';

/** How a deployment fares, as routing sees it; times in milliseconds, rates as fractions. */
export interface DeploymentHealthReading {
  readonly state: HealthState;
  readonly reason: string | null;
  readonly since: Date;
  readonly until: Date | null;
  readonly inFlight: number;
  readonly errorRate: number;
  readonly failures: number;
  readonly firstTokenMsP50: number | null;
  readonly latencyMsP50: number | null;
  readonly latencyMsP95: number | null;
  readonly tokensPerSecond: number | null;
}

export interface DeploymentHealthReader {
  health(deployment: Deployment): DeploymentHealthReading;
  /** Told whenever a state changes; returns how to end that. */
  onChange(listener: (deployment: DeploymentId) => void): () => void;
}
