import type { Cancel, Clock } from '../core/clock.js';
import type { Failure } from '../core/failures.js';
import type { ExchangeListener, HttpClient, OpenExchange, OutgoingRequest } from './client.js';
import { UnreadableBody } from './contract.js';
import type { CallTimeouts, FrameDecoder, SseFrame, UpstreamError } from './contract.js';
import { plainFailure } from './failures.js';
import { createSseDecoder } from './sse.js';

/**
 * One HTTP exchange with an upstream, to its end as a value:
 * 1. The request is sent; the connect timeout runs until there is a connection for it.
 * 2. The status line decides: an event stream is read event by event, anything else whole, up to a limit.
 * 3. A stream's first content must come within the first-token timeout, and every further event within the idle timeout;
 *    comments are no events. A body that was not asked for as a stream has no timeout here but the caller's signal.
 * 4. The caller's signal, a timeout and an unreadable byte each close the socket at once.
 */
export interface ExchangeRequest extends OutgoingRequest {
  readonly stream: boolean;
  readonly timeouts: CallTimeouts;
  readonly signal: AbortSignal;
  /** Absent: server-sent events. */
  readonly createDecoder?: ((onFrame: (frame: SseFrame) => void) => FrameDecoder) | undefined;
  /** What an event was: `content` starts the idle timeout, `end` ends the reading. */
  readonly onFrame: (frame: SseFrame) => 'other' | 'content' | 'end';
}

export type ExchangeResult = { readonly accepted: boolean } & (
  | { readonly kind: 'body'; readonly response: UpstreamError }
  /** `orderly`: the connection's end was no fault; null failure where the reader saw its own end. */
  | { readonly kind: 'stream'; readonly failure: Failure | null }
  | { readonly kind: 'failed'; readonly failure: Failure }
  | { readonly kind: 'cancelled' }
);

type Ending = ExchangeResult extends infer Result ? (Result extends ExchangeResult ? Omit<Result, 'accepted'> : never) : never;

const LARGEST_BODY_BYTES = 32 * 1024 * 1024;
const LARGEST_ERROR_BYTES = 64 * 1024;
/** A server that lingers after its terminal event costs the connection, not the caller. */
const LINGER_MS = 1_000;

export function runExchange({ client, clock }: { client: HttpClient; clock: Clock }, request: ExchangeRequest): Promise<ExchangeResult> {
  return new Promise((resolve) => {
    if (request.signal.aborted) resolve({ kind: 'cancelled', accepted: false });
    else new Exchange(clock, request, resolve).start(client);
  });
}

/** The state of one exchange; everything it does happens in reaction to the socket, a timer or the signal. */
class Exchange implements ExchangeListener {
  private readonly chunks: Uint8Array[] = [];
  private size = 0;
  private sent = false;
  private over = false;
  private connection: OpenExchange | null = null;
  private response: { readonly status: number; readonly headers: UpstreamError['headers'] } | null = null;
  private decoder: FrameDecoder | null = null;
  private stopTimer: Cancel = () => undefined;
  private hasContent = false;
  private lastEventMs = 0;

  constructor(
    private readonly clock: Clock,
    private readonly request: ExchangeRequest,
    private readonly resolve: (result: ExchangeResult) => void,
  ) {}

  start(client: HttpClient): void {
    const { connectMs } = this.request.timeouts;
    this.request.signal.addEventListener('abort', this.cancel, { once: true });
    this.stopTimer = this.clock.after(connectMs, () => this.timeOut(`No connection within ${String(connectMs)} ms.`));
    this.connection = client.post(this.request, this);
    if (this.over) this.connection.destroy();
  }

  onConnected(): void {
    this.stopTimer();
  }

  onSent(): void {
    this.sent = true;
    if (!this.request.stream) return;
    const { firstTokenMs } = this.request.timeouts;
    this.stopTimer = this.clock.after(firstTokenMs, () => this.timeOut(`No content within ${String(firstTokenMs)} ms.`));
  }

  onResponse(status: number, headers: UpstreamError['headers']): void {
    this.sent = true;
    this.response = { status, headers };
    const { stream, createDecoder = createSseDecoder } = this.request;
    if (isEventStream(status, headers, stream)) this.decoder = createDecoder((frame) => this.onFrame(frame));
  }

  onData(chunk: Uint8Array): void {
    if (this.over) return;
    if (this.decoder === null) this.collect(chunk);
    else this.decode(this.decoder, chunk);
  }

  onEnd(): void {
    this.connection = null;
    if (this.over) return;
    if (this.decoder !== null) {
      this.decode(this.decoder);
      this.end({ kind: 'stream', failure: null });
    } else this.endBody();
  }

  onError(error: Error): void {
    this.connection = null;
    if (this.over) return;
    if (this.decoder !== null) this.end({ kind: 'stream', failure: plainFailure('BAD_RESPONSE', `The stream was cut: ${error.message}`) });
    else this.end({ kind: 'failed', failure: transportFailure(error, this.response?.status ?? null) });
  }

  private readonly cancel = (): void => {
    this.end({ kind: 'cancelled' });
    this.connection?.destroy();
  };

  private timeOut(detail: string): void {
    this.fail(plainFailure('TIMEOUT', detail));
  }

  private fail(failure: Failure): void {
    if (this.over) return;
    this.end(this.decoder === null ? { kind: 'failed', failure } : { kind: 'stream', failure });
    this.connection?.destroy();
  }

  private onFrame(frame: SseFrame): void {
    if (this.over) return;
    const meaning = this.request.onFrame(frame);
    if (meaning === 'end') this.finishReading();
    if (meaning === 'content' && !this.hasContent) this.watchIdle();
    this.lastEventMs = this.clock.monotonicMs();
  }

  /** One timer that looks back, instead of one more for every event. */
  private watchIdle(): void {
    this.hasContent = true;
    this.stopTimer();
    const { idleMs } = this.request.timeouts;
    const check = () => {
      const leftMs = this.lastEventMs + idleMs - this.clock.monotonicMs();
      if (leftMs <= 0) this.timeOut(`Nothing for ${String(idleMs)} ms.`);
      else this.stopTimer = this.clock.after(leftMs, check);
    };
    this.stopTimer = this.clock.after(idleMs, check);
  }

  /** The rest is let run dry, so that the connection can be used again. */
  private finishReading(): void {
    this.end({ kind: 'stream', failure: null });
    this.clock.after(LINGER_MS, () => this.connection?.destroy());
  }

  private decode(decoder: FrameDecoder, chunk?: Uint8Array): void {
    try {
      if (chunk === undefined) decoder.end();
      else decoder.push(chunk);
    } catch (error) {
      if (!(error instanceof UnreadableBody)) throw error;
      this.fail(plainFailure('BAD_RESPONSE', error.message));
    }
  }

  /** An error's body is read as far as it can tell something; a good one that is too large can't be used at all. */
  private collect(chunk: Uint8Array): void {
    const isError = this.response !== null && this.response.status >= 300;
    this.size += chunk.byteLength;
    this.chunks.push(chunk);
    if (isError && this.size > LARGEST_ERROR_BYTES) {
      this.endBody();
      this.connection?.destroy();
    } else if (this.size > LARGEST_BODY_BYTES) this.fail(plainFailure('BAD_RESPONSE', 'The body is too large.'));
  }

  private endBody(): void {
    const { status, headers } = this.response ?? { status: 0, headers: {} };
    const bytes = Buffer.concat(this.chunks);
    const body = (status >= 300 ? bytes.subarray(0, LARGEST_ERROR_BYTES) : bytes).toString('utf8');
    this.end({ kind: 'body', response: { status, headers, body, bytes, receivedAt: this.clock.now() } });
  }

  private end(ending: Ending): void {
    if (this.over) return;
    this.over = true;
    this.stopTimer();
    this.request.signal.removeEventListener('abort', this.cancel);
    this.resolve({ accepted: this.sent, ...ending });
  }
}

/** What a server calls its answer counts before what was asked: some answer with a body where a stream was wanted. */
function isEventStream(status: number, headers: UpstreamError['headers'], asked: boolean): boolean {
  if (status >= 300) return false;
  const type = String(headers['content-type'] ?? '').toLowerCase();
  if (type.includes('text/event-stream')) return true;
  return asked && !type.includes('json') && !type.includes('html');
}

/** undici's and Node's codes: what never reached an HTTP answer is the connection's fault, what garbled one is the answer's. */
function transportFailure(error: Error, status: number | null): Failure {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : error.name;
  const detail = `${code}: ${error.message}`;
  if (code === 'BLOCKED_ADDRESS' || code === 'UND_ERR_INVALID_ARG') return plainFailure('TARGET_NOT_FOUND', detail);
  if (code === 'UND_ERR_CONNECT_TIMEOUT' || code === 'ETIMEDOUT') return plainFailure('TIMEOUT', detail);
  if (status !== null || code.startsWith('HPE_')) return { ...plainFailure('BAD_RESPONSE', detail), httpStatus: status };
  return plainFailure('CONNECTION', detail);
}
