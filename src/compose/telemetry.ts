import type { LedgerWriter } from '../accounting/contract.js';
import type { Catalogue } from '../catalog/contract.js';
import type { InferenceRecord } from '../core/inference.js';
import { totalInput, totalOutput } from '../core/usage.js';
import type { Metrics } from '../http/metrics.js';

/** Counts each record on its way into the books: the one place that every settled call passes. */
export function meterLedger(ledger: LedgerWriter, { metrics, catalogue }: { metrics: Metrics; catalogue: Catalogue }): LedgerWriter {
  const count = (record: InferenceRecord): void => {
    const { served, usage } = record;
    const snapshot = catalogue.snapshot(record.organizationId);
    metrics.inferenceSettled({
      operation: record.operation,
      status: record.status,
      model: served === null ? null : (snapshot.models.byId.get(served.modelId)?.slug ?? null),
      provider: served === null ? null : (snapshot.providers.byId.get(served.providerId)?.slug ?? null),
      inputTokens: usage === null ? 0 : totalInput(usage),
      outputTokens: usage === null ? 0 : totalOutput(usage),
      durationMs: record.timing.totalMs,
    });
  };
  return {
    append(record) {
      ledger.append(record);
      count(record);
    },
    pending: (id) => ledger.pending(id),
    flush: () => ledger.flush(),
    close: (graceMs) => ledger.close(graceMs),
    get saturated() {
      return ledger.saturated;
    },
    get pendingCount() {
      return ledger.pendingCount;
    },
  };
}
