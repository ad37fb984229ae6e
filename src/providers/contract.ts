import type { Answer, AnswerDelta } from '../core/answer.js';
import type { ProviderTls } from '../core/catalogue.js';
import type { CloudAccount } from '../core/cloud-account.js';
import type { CompletionCall } from '../core/completion.js';
import type { Failure } from '../core/failures.js';
import type { JsonObject, JsonValue } from '../core/json.js';
import type { CallOf, OperationCall, OperationName } from '../core/operations.js';
import type { Secret } from '../core/secret.js';
import type { Capability, WireFormat } from '../core/vocabulary.js';

/** Where one upstream call goes, and what is known of the place. Made from a catalogue deployment. */
export interface ProviderTarget {
  /** Stable across calls: what is learned of a deployment (a parameter it refuses) is remembered under this. */
  readonly deploymentId: string;
  readonly providerSlug: string;
  readonly preset: string | null;
  readonly wireFormat: WireFormat;
  /** Includes the version: https://api.openai.com/v1 */
  readonly baseUrl: string;
  readonly upstreamModel: string;
  /** The model's own slug: what kind of model it is, where the upstream's name for it is opaque. */
  readonly model: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly apiKey: Secret | null;
  /** Where calls are signed instead of carrying a key. */
  readonly account: Secret<CloudAccount> | null;
  readonly region: string | null;
  readonly allowPrivateNetwork: boolean;
  readonly tls?: ProviderTls | null;
  readonly capabilities: ReadonlySet<Capability>;
  readonly maxOutputTokens: number | null;
}

/** A wire format: a missing capability is a missing key. */
export interface WireFormatAdapter {
  readonly wireFormat: WireFormat;
  readonly chat?: ChatApi;
  readonly operations?: OperationApis;
  /** What lists the vendor's models, for nothing: a look at whether it answers, and takes the credential. */
  readonly models?: (target: ProviderTarget) => Pick<ChatRequest, 'path' | 'headers'>;
}

export type OperationApis = { readonly [Name in OperationName]?: OperationApi<CallOf<Name>> };

/** Pure translation of one operation that is asked and answered in one body each. */
export interface OperationApi<Call extends OperationCall = OperationCall> {
  /** As a chat's; throws `Untranslatable` where the call holds something that must not be lost. */
  toRequest(call: Call, target: ProviderTarget, options: ChatRequestOptions): ChatRequest;
  /** A whole body as a result and its usage; throws `UnreadableBody` where it is none, or not the answer to this call. */
  fromResponse(body: JsonValue, call: Call, received: Received): readonly AnswerDelta[];
  /** Instead, where a good body is not JSON. */
  fromBytes?(response: UpstreamError, call: Call): readonly AnswerDelta[];
  toFailure(response: UpstreamError): Failure;
}

/** What is known of an answer besides its body: where several kinds of models answer in words of their own, and what headers tell. */
export interface Received {
  readonly target: ProviderTarget;
  readonly headers: UpstreamError['headers'];
}

/** Pure translation between the canonical call and one vendor's chat form; does no I/O and keeps no state of its own. */
export interface ChatApi {
  /**
   * The request for a call. Byte-identical for the same input. `warnings`: what was left out or changed. Throws
   * `Untranslatable` where the call holds something that the format has no place for and that must not be lost.
   */
  toRequest(call: CompletionCall, target: ProviderTarget, options: ChatRequestOptions): ChatRequest;
  /** A whole unary body in neutral words, ending in `end`; throws `UnreadableBody` where it is none. */
  fromResponse(body: JsonValue): readonly AnswerDelta[];
  /** A fresh reader of one stream; of the target's, where models of one format count in different ways. */
  createStreamReader(target?: ProviderTarget): StreamReader;
  /** What takes a stream's bytes apart; absent: server-sent events. */
  readonly createDecoder?: (onFrame: (frame: SseFrame) => void) => FrameDecoder;
  /** The failure that an error status means. `body` is text as received, at most 64 KiB of it. */
  toFailure(response: UpstreamError): Failure;
  /** Body fields whose loss no caller can notice: where one is refused, the call is repeated at once without it. */
  readonly dispensableParameters: ReadonlySet<string>;
  /** Capabilities for whose lack the format has a way of its own; for the others the call is changed before it is translated. */
  readonly ownWays?: ReadonlySet<Capability>;
}

export interface ChatRequestOptions {
  readonly stream: boolean;
  /** Body fields this deployment has refused before: left out, or renamed where the format knows another name. */
  readonly refusedParameters: ReadonlySet<string>;
}

export interface ChatRequest {
  /** Below baseUrl, with its query: /chat/completions */
  readonly path: string;
  /** Instead of the path of baseUrl, at the same origin, where this stands below another one. */
  readonly basePath?: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: JsonObject;
  /** Instead of the body, where it is not JSON; in pieces, which are sent as they are. */
  readonly payload?: { readonly contentType: string; readonly bytes: readonly Uint8Array[] };
  readonly warnings: readonly string[];
  /** The vendor vouches for an answer in the call's JSON schema, of which nothing was left out. Absent: it does not. */
  readonly holdsSchema?: boolean;
}

/** Wraps a pure reducer `(state, frame) → [state, deltas]`, whose state only the format knows. */
export interface StreamReader {
  /** The deltas of the next server-sent event. */
  read(frame: SseFrame): readonly AnswerDelta[];
  /** What the orderly end of the connection adds: `end`, where the format lets the last event stand for it. */
  close(): readonly AnswerDelta[];
}

/** Bytes of a stream, however they are split, to its frames. Both methods throw `UnreadableBody`. */
export interface FrameDecoder {
  push(bytes: Uint8Array): void;
  /** The orderly end: whether it is one. */
  end(): void;
}

/** One event of a stream: the words are those of server-sent events, whatever the bytes were. */
export interface SseFrame {
  readonly event: string | null;
  readonly data: string;
}

export interface UpstreamError {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
  /** The same as received, where it was read whole. */
  readonly bytes?: Uint8Array;
  /** Against which an absolute Retry-After counts. */
  readonly receivedAt: Date;
}

/** A call that a wire format cannot say; the message is fit for the caller. */
export class Untranslatable extends Error {
  override readonly name = 'Untranslatable';
}

/** A 200 whose body is not what the format promises. */
export class UnreadableBody extends Error {
  override readonly name = 'UnreadableBody';
}

/** All in milliseconds. */
export interface CallTimeouts {
  readonly connectMs: number;
  readonly firstTokenMs: number;
  readonly idleMs: number;
}

export interface ChatCallOptions {
  /** Ask for the streaming form. A unary call uses connect and total timeouts only. */
  readonly stream: boolean;
  /** Aborts the upstream call and closes its socket, also while the provider is silent. */
  readonly signal: AbortSignal;
  readonly timeouts: CallTimeouts;
  /** Called in order, synchronously, as deltas come; a unary call hands all over at once. */
  readonly onDeltas: (deltas: readonly AnswerDelta[]) => void;
  /** Told before the request is sent, and again where it is sent in another form: whether the vendor vouches for the call's JSON schema. */
  readonly onAsked?: (holdsSchema: boolean) => void;
}

/** What one upstream call came to: a value in every case, with whatever was read before it ended. */
export interface ChatCallOutcome {
  readonly status: 'succeeded' | 'failed' | 'cancelled';
  readonly answer: Answer;
  /** Present exactly where status is `failed`. */
  readonly failure: Failure | null;
  /** The provider had taken the request: its status line came, or the whole request had been written. */
  readonly accepted: boolean;
  readonly firstTokenMs: number | null;
  readonly durationMs: number;
  /** Of these, what went by with callers' files before the provider was asked. */
  readonly fetchMs?: number;
  readonly warnings: readonly string[];
}

/** The one way to an upstream: translator and client put together. Never throws for what an upstream does. */
export interface UpstreamCaller {
  chat(call: CompletionCall, target: ProviderTarget, options: ChatCallOptions): Promise<ChatCallOutcome>;
  /** Any other operation; never streamed, and its whole answer comes at once. */
  ask(call: OperationCall, target: ProviderTarget, options: ChatCallOptions): Promise<ChatCallOutcome>;
  /** Closes idle and open connections. */
  close(): Promise<void>;
}

/** Looks whether an upstream answers, without a call that costs anything. */
export interface UpstreamChecker {
  /** `told` is null where the look says nothing: the format, or this vendor, has no list of models. Never throws. */
  check(target: ProviderTarget, options: CheckOptions): Promise<{ readonly told: 'alive' | Failure | null }>;
}

export interface CheckOptions {
  readonly connectMs: number;
  readonly totalMs: number;
  readonly signal: AbortSignal;
}
