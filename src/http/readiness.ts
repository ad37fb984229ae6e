/** Whether this process can serve, in parts. */
export interface Readiness {
  check(): Promise<ReadinessReport>;
}

export interface ReadinessReport {
  /** True also where a part is away and the gateway serves on from what it knows. */
  readonly ready: boolean;
  readonly parts: Readonly<Record<string, PartState>>;
}

export interface PartState {
  readonly state: 'ok' | 'degraded' | 'down';
  /** In words, for operators; no addresses, no secrets. */
  readonly detail?: string;
}
