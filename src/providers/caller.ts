import { EMPTY_ANSWER, hasContent, isContent, reduceAnswer } from '../core/answer.js';
import type { Answer, AnswerDelta } from '../core/answer.js';
import type { Clock } from '../core/clock.js';
import type { Failure } from '../core/failures.js';
import type { JsonObject } from '../core/json.js';
import type { Logger } from '../core/logger.js';
import type { WireFormat } from '../core/vocabulary.js';
import { createAccountSigner, isFailure } from './accounts/signer.js';
import type { AccountSigner } from './accounts/signer.js';
import { fitToModel } from './capabilities.js';
import { createHttpClient } from './client.js';
import type { HttpClient } from './client.js';
import { Untranslatable, UnreadableBody } from './contract.js';
import type {
  ChatCallOptions,
  ChatCallOutcome,
  ChatRequest,
  ChatRequestOptions,
  ProviderTarget,
  UpstreamCaller,
  UpstreamError,
  WireFormatAdapter,
} from './contract.js';
import { cleanDetail } from './detail.js';
import { runExchange } from './exchange.js';
import type { ExchangeResult } from './exchange.js';
import { plainFailure } from './failures.js';
import { secretsOf, toOutgoing } from './outgoing.js';
import { createRefusedParameters, fieldsRefusedIn, refusalOf } from './refusals.js';
import { chatTranslation, operationApi, operationTranslation } from './translation.js';
import type { Translation } from './translation.js';

export interface UpstreamCallerOptions {
  readonly clock: Clock;
  readonly adapters: ReadonlyMap<WireFormat, WireFormatAdapter>;
  readonly logger?: Logger;
  readonly client?: HttpClient;
}

/**
 * Puts translator and client together. One call:
 * 1. The translator makes the request, without what this deployment has refused before.
 * 2. The client runs it; what comes back becomes deltas, told as they come and folded into the answer.
 * 3. A refused parameter, or the one word of it that was, is remembered. Where no caller can notice its loss the call is repeated at once; otherwise
 *    the failure is told, and whoever repeats the call finds it corrected.
 */
export function createUpstreamCaller({ clock, adapters, logger, client = createHttpClient() }: UpstreamCallerOptions): UpstreamCaller {
  const refused = createRefusedParameters(clock);
  const signer = createAccountSigner({ client, clock });
  const run = async (api: Translation, target: ProviderTarget, options: ChatCallOptions): Promise<ChatCallOutcome> => {
    const startedMs = clock.monotonicMs();
    let body: JsonObject = {};
    const once = async (refusedParameters: ReadonlySet<string>) => {
      const request = translate({ api, target }, { stream: options.stream, refusedParameters });
      if (request instanceof Untranslatable) return refusal({ ...plainFailure('CALLER', request.message), callerMessage: request.message });
      ({ body } = request);
      options.onAsked?.(request.holdsSchema === true && target.capabilities.has('JSON_SCHEMA'));
      return runCall({ client, clock, signer }, { api, request, target, options, startedMs });
    };
    const before = refused.of(target.deploymentId);
    const outcome = await once(before);
    if (outcome.failure?.class === 'AUTH') signer.forget(target);
    const parameter = outcome.failure?.class === 'UNSUPPORTED_PARAMETER' ? outcome.failure.parameter : undefined;
    if (parameter === undefined) return outcome;
    refused.remember(target.deploymentId, refusalOf(parameter, { detail: outcome.failure?.detail ?? '', body }));
    logger?.info({ deploymentId: target.deploymentId, parameter }, 'the upstream refused a parameter');
    const isCorrectable = !before.has(parameter) && api.dispensableParameters.has(parameter);
    return isCorrectable ? once(refused.of(target.deploymentId)) : outcome;
  };
  return {
    async chat(call, target, options) {
      const api = adapters.get(target.wireFormat)?.chat;
      if (api === undefined) return notBuilt('chat', target);
      const fitted = fitToModel(call, { target, ownWays: api.ownWays, stream: options.stream });
      const outcome = await run(chatTranslation(api, fitted.call), target, { ...options, stream: fitted.stream });
      return fitted.warnings.length === 0 ? outcome : { ...outcome, warnings: [...fitted.warnings, ...outcome.warnings] };
    },
    async ask(call, target, options) {
      const api = operationApi(adapters.get(target.wireFormat), call);
      return api ? run(operationTranslation(api, call, target), target, options) : notBuilt(call.operation, target);
    },
    close: () => client.close(),
  };
}

interface CallInProgress {
  readonly api: Translation;
  readonly request: ChatRequest;
  readonly target: ProviderTarget;
  readonly options: ChatCallOptions;
  readonly startedMs: number;
}

function translate(
  { api, target }: { api: Translation; target: ProviderTarget },
  options: ChatRequestOptions,
): ChatRequest | Untranslatable {
  try {
    const request = api.toRequest(target, options);
    const fields = fieldsRefusedIn(request.body, options.refusedParameters);
    if (fields.length === 0) return request;
    return api.toRequest(target, { ...options, refusedParameters: new Set([...options.refusedParameters, ...fields]) });
  } catch (error) {
    if (error instanceof Untranslatable) return error;
    throw error;
  }
}

interface CallerParts {
  readonly client: HttpClient;
  readonly clock: Clock;
  readonly signer: AccountSigner;
}

async function runCall(deps: CallerParts, progress: CallInProgress): Promise<ChatCallOutcome> {
  const { api, request, target, options, startedMs } = progress;
  const { clock } = deps;
  const secrets = secretsOf(target);
  const told = createTelling(options, { secrets, elapsedMs: () => clock.monotonicMs() - startedMs });
  const outgoing = toOutgoing(request, target, options);
  const signed = target.account === null ? outgoing : await deps.signer.sign(outgoing, { target, signal: options.signal });
  if (isFailure(signed)) return { ...refusal(cleanFailure(signed, secrets)), durationMs: clock.monotonicMs() - startedMs };
  const reader = api.createStreamReader(target);
  const result = await runExchange(deps, {
    createDecoder: api.createDecoder,
    stream: options.stream,
    timeouts: options.timeouts,
    signal: options.signal,
    onFrame: (frame) => told.tell(reader.read(frame)),
    ...signed,
  });
  const failure = conclude({ api, result, told, closeReader: () => reader.close() });
  const clean = failure === null ? null : cleanFailure(failure, secrets);
  return {
    status: result.kind === 'cancelled' ? 'cancelled' : clean === null ? 'succeeded' : 'failed',
    answer: told.answer(),
    failure: clean,
    accepted: result.accepted,
    firstTokenMs: told.firstTokenMs(),
    durationMs: clock.monotonicMs() - startedMs,
    warnings: request.warnings,
  };
}

interface Telling {
  /** Folds deltas into the answer and hands them on; says what they were. */
  tell(deltas: readonly AnswerDelta[]): 'other' | 'content' | 'end';
  answer(): Answer;
  firstTokenMs(): number | null;
}

function createTelling(options: ChatCallOptions, given: { secrets: readonly string[]; elapsedMs: () => number }): Telling {
  let answer = EMPTY_ANSWER;
  let firstTokenMs: number | null = null;
  return {
    tell: (raw) => {
      if (raw.length === 0) return 'other';
      const deltas = raw.map((delta) =>
        delta.type === 'failure' ? { ...delta, failure: cleanFailure(delta.failure, given.secrets) } : delta,
      );
      answer = deltas.reduce(reduceAnswer, answer);
      const content = deltas.some(isContent);
      if (content && options.stream) firstTokenMs ??= given.elapsedMs();
      options.onDeltas(deltas);
      if (answer.ended || answer.failure !== null) return 'end';
      return content ? 'content' : 'other';
    },
    answer: () => answer,
    firstTokenMs: () => firstTokenMs,
  };
}

interface Conclusion {
  readonly api: Translation;
  readonly result: ExchangeResult;
  readonly told: Telling;
  readonly closeReader: () => readonly AnswerDelta[];
}

/** Tells what the end of the exchange adds; the failure it comes to, or null. */
function conclude({ api, result, told, closeReader }: Conclusion): Failure | null {
  switch (result.kind) {
    case 'cancelled':
      return null;
    case 'failed':
      return result.failure;
    case 'body':
      return concludeBody(api, result.response, told);
    case 'stream':
      if (!told.answer().ended && result.failure?.class !== 'TIMEOUT') told.tell(closeReader());
      return concludeStream(told, result.failure);
  }
}

/** Only the terminal event makes a stream whole: without it there is a failure, and what was said is INCOMPLETE. */
function concludeStream(told: Telling, failure: Failure | null): Failure | null {
  const { ended, failure: toldFailure } = told.answer();
  if (ended) return null;
  const reason = toldFailure ?? failure ?? plainFailure('BAD_RESPONSE', 'The stream ended before its terminal event.');
  if (hasContent(told.answer())) told.tell([{ type: 'finish', reason: 'INCOMPLETE', raw: '' }]);
  if (toldFailure === null) told.tell([{ type: 'failure', failure: reason }]);
  return reason;
}

function concludeBody(api: Translation, response: UpstreamError, told: Telling): Failure | null {
  if (response.status < 200 || response.status >= 300) return api.toFailure(response);
  try {
    told.tell(api.fromResponse(response));
    return told.answer().failure;
  } catch (error) {
    if (!(error instanceof UnreadableBody)) throw error;
    return { ...plainFailure('BAD_RESPONSE', error.message), httpStatus: response.status };
  }
}

function cleanFailure(failure: Failure, secrets: readonly string[]): Failure {
  return { ...failure, detail: cleanDetail(failure.detail, secrets) };
}

function notBuilt(what: string, { wireFormat }: ProviderTarget): ChatCallOutcome {
  return refusal(plainFailure('TARGET_NOT_FOUND', `No ${what} in the wire format ${wireFormat}.`));
}

/** A call that never left. */
function refusal(failure: Failure): ChatCallOutcome {
  return {
    status: 'failed',
    answer: EMPTY_ANSWER,
    failure,
    accepted: false,
    firstTokenMs: null,
    durationMs: 0,
    warnings: [],
  };
}
