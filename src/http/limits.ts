const MEBIBYTE = 1024 * 1024;

/** What a caller may send or hold at the doors. */
export const LIMITS = {
  /** A request body, and a WebSocket frame. */
  bodyBytes: 10 * MEBIBYTE,
  requestIdLength: 128,
  socketsPerKey: 50,
  operationsPerSocket: 100,
  connectionInitMs: 3_000,
  /** Between keep-alives, from the start of a stream or socket. */
  keepAliveMs: 12_000,
  /** Below this many unsent bytes a writer goes on at once; above it, it waits for the reader. */
  writeAheadBytes: 64 * 1024,
  /** A reader that has this much unsent in front of it is closed. */
  unsentBytes: 8 * MEBIBYTE,
  /** A reader may stall this long, and longer by what it has to fetch at 32 KiB/s. */
  stallMs: 5_000,
  slowestBytesPerMs: 32,
  /** A form that sends nothing for so long is not waited for. */
  uploadStallMs: 10_000,
  /** Forms with their files that are read or answered at a time; each may hold 25 MiB. */
  uploadsAtOnce: 32,
  /** A peer that answers no close frame is cut after this long. */
  closeHandshakeMs: 5_000,
} as const;
