import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';

export type Door = 'http' | 'sse' | 'websocket';

/** Counts for Prometheus. Label sets are bounded: never a key, a user or a caller's own text. */
export interface Metrics {
  readonly contentType: string;
  text(): Promise<string>;
  requestEnded(request: { readonly route: string; readonly method: string; readonly status: number; readonly durationMs: number }): void;
  operationEnded(operation: { readonly door: Door; readonly operation: string; readonly outcome: string }): void;
  socketOpened(): void;
  socketClosed(code: number): void;
  inferenceSettled(inference: SettledInference): void;
}

/** `model` and `provider` are slugs of the catalogue, null where nobody served; durations in ms. */
export interface SettledInference {
  readonly operation: string;
  readonly status: string;
  readonly model: string | null;
  readonly provider: string | null;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly durationMs: number | null;
}

/** Beyond so many pairs of model and provider the rest is counted as "other": a scrape blocks for as long as it has labels. */
const MAX_TARGETS = 500;
const REQUEST_SECONDS = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
const INFERENCE_SECONDS = [0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60, 120, 300, 600];

/** Asked at each scrape. */
export interface MetricSources {
  /** Rows settled and not yet committed. */
  readonly ledgerPending: () => number;
  /** The state of health of each deployment that was ever called. */
  readonly deploymentStates?: () => readonly { readonly deployment: { readonly slug: string }; readonly state: string }[];
}

export function createMetrics(sources: MetricSources): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  new Gauge({
    name: 'glidepath_ledger_pending_rows',
    help: 'Inferences settled and not yet committed to the ledger.',
    registers,
    collect() {
      this.set(sources.ledgerPending());
    },
  });
  healthMetrics(registers, sources.deploymentStates ?? (() => []));
  return {
    contentType: registry.contentType,
    text: () => registry.metrics(),
    ...doorMetrics(registers),
    ...socketMetrics(registers),
    inferenceSettled: inferenceMetrics(registers),
  };
}

function healthMetrics(registers: Registry[], states: NonNullable<MetricSources['deploymentStates']>): void {
  new Gauge({
    name: 'glidepath_deployment_state',
    help: '1 for the state of health that a deployment is in.',
    labelNames: ['deployment', 'state'],
    registers,
    collect() {
      this.reset();
      for (const { deployment, state } of states().slice(0, MAX_TARGETS)) this.set({ deployment: deployment.slug, state }, 1);
    },
  });
}

function doorMetrics(registers: Registry[]): Pick<Metrics, 'requestEnded' | 'operationEnded'> {
  const requests = new Counter({
    name: 'glidepath_http_requests_total',
    help: 'HTTP requests answered.',
    labelNames: ['route', 'method', 'status'],
    registers,
  });
  const seconds = new Histogram({
    name: 'glidepath_http_request_seconds',
    help: 'Time to the end of the answer.',
    labelNames: ['route'],
    buckets: REQUEST_SECONDS,
    registers,
  });
  const operations = new Counter({
    name: 'glidepath_graphql_operations_total',
    help: 'GraphQL operations ended, by their first error code or OK.',
    labelNames: ['door', 'operation', 'outcome'],
    registers,
  });
  return {
    requestEnded: ({ route, method, status, durationMs }) => {
      requests.inc({ route, method, status });
      seconds.observe({ route }, durationMs / 1000);
    },
    operationEnded: (labels) => {
      operations.inc(labels);
    },
  };
}

function socketMetrics(registers: Registry[]): Pick<Metrics, 'socketOpened' | 'socketClosed'> {
  const sockets = new Gauge({ name: 'glidepath_sockets_open', help: 'WebSockets open.', registers });
  const closed = new Counter({
    name: 'glidepath_sockets_closed_total',
    help: 'WebSockets closed, by close code.',
    labelNames: ['code'],
    registers,
  });
  return {
    socketOpened: () => {
      sockets.inc();
    },
    socketClosed: (code) => {
      sockets.dec();
      // A peer may send any code of the private range; those are one label.
      closed.inc({ code: code >= 1000 && code < 1016 ? code : KNOWN_CLOSE_CODES.has(code) ? code : 'other' });
    },
  };
}

const KNOWN_CLOSE_CODES = new Set([4400, 4401, 4403, 4406, 4408, 4409, 4429, 4013, 4500]);

function inferenceMetrics(registers: Registry[]): Metrics['inferenceSettled'] {
  const target = ['model', 'provider'];
  const settled = new Counter({
    name: 'glidepath_inferences_total',
    help: 'Inferences settled.',
    labelNames: ['operation', 'status', ...target],
    registers,
  });
  const tokens = new Counter({
    name: 'glidepath_tokens_total',
    help: 'Tokens of settled inferences.',
    labelNames: ['direction', ...target],
    registers,
  });
  const seconds = new Histogram({
    name: 'glidepath_inference_seconds',
    help: 'Total time of settled inferences.',
    labelNames: ['operation'],
    buckets: INFERENCE_SECONDS,
    registers,
  });
  const known = new Set<string>();
  const boundedTarget = (model: string, provider: string) => {
    const name = `${provider}/${model}`;
    if (!known.has(name) && known.size >= MAX_TARGETS) return { model: 'other', provider: 'other' };
    known.add(name);
    return { model, provider };
  };
  return ({ operation, status, model, provider, inputTokens, outputTokens, durationMs }) => {
    const served = boundedTarget(model ?? 'none', provider ?? 'none');
    settled.inc({ operation, status, model: served.model, provider: served.provider });
    if (inputTokens > 0) tokens.inc({ direction: 'input', model: served.model, provider: served.provider }, inputTokens);
    if (outputTokens > 0) tokens.inc({ direction: 'output', model: served.model, provider: served.provider }, outputTokens);
    if (durationMs !== null) seconds.observe({ operation }, durationMs / 1000);
  };
}
