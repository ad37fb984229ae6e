import { EMPTY_ANSWER } from '../core/answer.js';
import type { CompletionCall, Media } from '../core/completion.js';
import type { InputProblem } from '../core/errors.js';
import type { ChatCallOutcome, ProviderTarget, UpstreamCaller } from './contract.js';
import { plainFailure } from './failures.js';
import type { Downloading } from './media-download.js';
import { createMediaStore } from './media-store.js';
import type { Fetched, MediaStore } from './media-store.js';
import { needsBytes } from './media-needs.js';
import { isMediaPart } from './media-types.js';
import type { MediaPart } from './media-types.js';

/**
 * A caller of upstreams that first fetches the media which a target takes, but not by address. It stands before each attempt,
 * so that nothing is fetched for a target that fetches for itself, and nothing is sent to a provider where a file is not to be had.
 * What was fetched is kept with the call: another attempt, on whichever target, fetches nothing again.
 */
export function createMediaCaller(caller: UpstreamCaller, deps: Downloading): UpstreamCaller {
  const store = createMediaStore(deps);
  return {
    ...caller,
    async chat(call, target, options) {
      const wanted = wantedBy(call, target);
      if (wanted.length === 0) return caller.chat(call, target, options);
      const startedMs = deps.clock.monotonicMs();
      const fetched = await fetchAll(store, wanted, options.signal);
      const ended = { startedMs, endedMs: deps.clock.monotonicMs() };
      if (options.signal.aborted) return unsent({ status: 'cancelled', failure: null }, ended);
      if (fetched.problems.length > 0) return unsent({ status: 'failed', failure: toFailure(fetched) }, ended);
      const outcome = await caller.chat(withFiles(call, fetched.files), target, options);
      const warnings = [...warningsOf(wanted), ...outcome.warnings];
      const fetchMs = ended.endedMs - startedMs;
      return { ...outcome, warnings, durationMs: outcome.durationMs + fetchMs, fetchMs };
    },
    close: async () => {
      await Promise.all([caller.close(), deps.client.close()]);
    },
  };
}

interface Wanted {
  readonly part: MediaPart;
  readonly path: string;
}

function wantedBy(call: CompletionCall, target: ProviderTarget): readonly Wanted[] {
  const wanted: Wanted[] = [];
  for (const [message, { parts }] of call.messages.entries())
    for (const [index, part] of parts.entries())
      if (isMediaPart(part) && needsBytes(part, target)) wanted.push({ part, path: `messages.${message}.parts.${index}.${part.kind}.url` });
  return wanted;
}

interface FetchedAll {
  readonly files: ReadonlyMap<Media, Media>;
  readonly problems: readonly InputProblem[];
  /** For operators. */
  readonly details: readonly string[];
}

/** More than these are refused before the first one is fetched. */
const MOST_FILES = 20;

async function fetchAll(store: MediaStore, wanted: readonly Wanted[], signal: AbortSignal): Promise<FetchedAll> {
  if (wanted.length > MOST_FILES) {
    const problems = wanted.slice(MOST_FILES).map(({ path }) => ({ path, message: `is one of more than ${MOST_FILES} files to fetch` }));
    return { files: new Map(), problems, details: ['too many files'] };
  }
  const room = store.openRoom();
  const results = await Promise.all(wanted.map(({ part }) => store.fetch(part, { signal, room })));
  const files = new Map<Media, Media>();
  const problems: InputProblem[] = [];
  const details: string[] = [];
  for (const [index, { part, path }] of wanted.entries()) {
    const result: Fetched | undefined = results[index];
    if (result?.kind === 'file') files.set(part.media, result.media);
    if (result?.kind !== 'failed') continue;
    problems.push({ path, message: result.reason });
    details.push(result.detail);
  }
  return { files, problems, details };
}

function withFiles(call: CompletionCall, files: ReadonlyMap<Media, Media>): CompletionCall {
  const messages = call.messages.map((message) => ({
    ...message,
    parts: message.parts.map((part) => (isMediaPart(part) ? { ...part, media: files.get(part.media) ?? part.media } : part)),
  }));
  return { ...call, messages };
}

function warningsOf(wanted: readonly Wanted[]): readonly string[] {
  return wanted.map(({ path }) => `${path} was fetched by the gateway: the provider takes no such address.`);
}

function toFailure({ problems, details }: FetchedAll) {
  const callerMessage = problems.map(({ path, message }) => `${path} ${message}`).join('; ');
  return { ...plainFailure('CALLER', `Media could not be fetched: ${details.join('; ')}`), callerMessage, callerProblems: problems };
}

function unsent(
  outcome: Pick<ChatCallOutcome, 'status' | 'failure'>,
  { startedMs, endedMs }: { readonly startedMs: number; readonly endedMs: number },
): ChatCallOutcome {
  return { ...outcome, answer: EMPTY_ANSWER, accepted: false, firstTokenMs: null, durationMs: endedMs - startedMs, warnings: [] };
}
