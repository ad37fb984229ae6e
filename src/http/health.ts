import type { FastifyInstance } from 'fastify';
import type { Activity } from './activity.js';
import type { Metrics } from './metrics.js';
import type { Readiness, ReadinessReport } from './readiness.js';

/** `/healthz`: the process is alive. `/readyz`: it can serve. `/metrics`: Prometheus. All open: they hold no caller's data. */
export function healthRoutes(
  app: FastifyInstance,
  { readiness, metrics, activity }: { readonly readiness: Readiness; readonly metrics: Metrics; readonly activity: Activity },
): void {
  app.get('/healthz', () => ({ status: 'alive' }));
  app.get('/readyz', async (_request, reply) => {
    const report = activity.draining ? STOPPING : await readiness.check();
    reply.code(report.ready ? 200 : 503).header('cache-control', 'no-store');
    if (!report.ready) reply.header('retry-after', '2');
    return { status: report.ready ? 'ready' : 'not ready', parts: report.parts };
  });
  app.get('/metrics', async (_request, reply) => {
    reply.header('content-type', metrics.contentType);
    return metrics.text();
  });
}

const STOPPING: ReadinessReport = { ready: false, parts: { process: { state: 'down', detail: 'stopping' } } };
