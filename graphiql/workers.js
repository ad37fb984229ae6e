/* global WORKER_FILES */
// The build names each worker's file; they come from our own address like everything else.
globalThis.MonacoEnvironment = {
  getWorker: (_id, label) => new Worker(`/graphiql/${WORKER_FILES[label] ?? WORKER_FILES.editor}`),
};
