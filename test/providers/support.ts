import { expect } from '@jest/globals';
import { readFileSync, readdirSync } from 'node:fs';
import { EMPTY_ANSWER, reduceAnswer } from '../../src/core/answer.js';
import type { Answer, AnswerDelta } from '../../src/core/answer.js';
import type { CompletionCall, Message, Part } from '../../src/core/completion.js';
import type { JsonObject, JsonValue } from '../../src/core/json.js';
import type { TokenClasses } from '../../src/core/usage.js';
import type { WireFormat } from '../../src/core/vocabulary.js';
import { WIRE_FORMAT_ADAPTERS } from '../../src/providers/adapters.js';
import type { ChatApi, ChatCallOptions, ProviderTarget, SseFrame } from '../../src/providers/contract.js';

export function textPart(text: string): Part {
  return { kind: 'text', text, signature: null };
}

export function message(role: Message['role'], parts: readonly Part[] | string, extra: Partial<Message> = {}): Message {
  return { role, parts: typeof parts === 'string' ? [textPart(parts)] : parts, toolCallId: null, isError: false, ...extra };
}

export function toolCallPart(id: string, name = 'weather', args = '{}'): Part {
  return { kind: 'toolCall', id, name, arguments: args, signature: null };
}

export function makeCall(changes: Partial<CompletionCall> = {}): CompletionCall {
  return {
    model: 'test-model',
    routing: null,
    messages: [message('USER', 'Hello')],
    tools: [],
    toolChoice: null,
    parallelToolCalls: null,
    responseFormat: null,
    reasoning: null,
    maxOutputTokens: null,
    temperature: null,
    topP: null,
    stop: [],
    seed: null,
    frequencyPenalty: null,
    presencePenalty: null,
    task: null,
    timeoutMs: null,
    onDisconnect: null,
    user: null,
    sessionId: null,
    tags: [],
    providerOptions: null,
    maxCost: null,
    ...changes,
  };
}

export function makeTarget(changes: Partial<ProviderTarget> = {}): ProviderTarget {
  return {
    deploymentId: 'deployment_1',
    providerSlug: 'acme',
    preset: null,
    wireFormat: 'OPENAI_CHAT',
    baseUrl: 'http://127.0.0.1:1/v1',
    upstreamModel: 'acme-large',
    model: 'acme-large',
    headers: {},
    apiKey: null,
    account: null,
    region: null,
    allowPrivateNetwork: true,
    capabilities: new Set(),
    maxOutputTokens: null,
    ...changes,
  };
}

/** Long enough that a busy machine does not fire them. */
export const PATIENT = { connectMs: 10_000, firstTokenMs: 10_000, idleMs: 10_000 };

export function callOptions(changes: Partial<ChatCallOptions> = {}): ChatCallOptions {
  return { stream: true, signal: new AbortController().signal, timeouts: PATIENT, onDeltas: () => undefined, ...changes };
}

export function chatApi(wireFormat: WireFormat): ChatApi {
  const api = WIRE_FORMAT_ADAPTERS.get(wireFormat)?.chat;
  if (api === undefined) throw new Error(`${wireFormat} is not registered`);
  return api;
}

export function openAiChatApi(): ChatApi {
  return chatApi('OPENAI_CHAT');
}

export const frame = (data: unknown, event: string | null = null): SseFrame => ({
  event,
  data: typeof data === 'string' ? data : JSON.stringify(data),
});

/** A chunk with one choice. */
export function chunk(delta: object, finishReason: string | null = null, extra: object = {}): SseFrame {
  return frame({ choices: [{ index: 0, delta, finish_reason: finishReason }], ...extra });
}

export const DONE_FRAME = frame('[DONE]');

/** All deltas of a stream of these frames whose connection ends in order. */
export function readFrames(frames: readonly SseFrame[], wireFormat: WireFormat = 'OPENAI_CHAT'): readonly AnswerDelta[] {
  const reader = chatApi(wireFormat).createStreamReader();
  return [...frames.flatMap((each) => reader.read(each)), ...reader.close()];
}

export function answerOf(deltas: readonly AnswerDelta[]): Answer {
  return deltas.reduce(reduceAnswer, EMPTY_ANSWER);
}

/** A recorded exchange in both forms, and what both mean. */
export interface GoldenExchange {
  readonly name: string;
  readonly about: string;
  readonly chunks: readonly JsonObject[];
  readonly done: boolean;
  readonly body: JsonValue;
  readonly expected: {
    readonly parts: Answer['message']['parts'];
    readonly refusal: string | null;
    readonly finishReason: string;
    readonly rawFinishReason: string;
    readonly tokens: TokenClasses | null;
    readonly serviceTier: string | null;
  };
}

export function goldenExchanges(folder: string): readonly GoldenExchange[] {
  const root = new URL(`../fixtures/${folder}/`, import.meta.url);
  return readdirSync(root)
    .filter((file) => file.endsWith('.json'))
    .sort()
    .map((file) => ({
      name: file.replace('.json', ''),
      ...(JSON.parse(readFileSync(new URL(file, root), 'utf8')) as Omit<GoldenExchange, 'name'>),
    }));
}

/** Formats whose events name their kind say it as the event's name too. */
export function framesOf(exchange: GoldenExchange): readonly SseFrame[] {
  const frames = exchange.chunks.map((each) => frame(each, typeof each['type'] === 'string' ? each['type'] : null));
  return [...frames, ...(exchange.done ? [DONE_FRAME] : [])];
}

/** One start a call, deltas only after it, one finish, one end, nothing behind it. */
export function checkOrder(deltas: readonly AnswerDelta[]): void {
  const begun = new Set<number>();
  for (const [position, delta] of deltas.entries()) {
    if (delta.type === 'toolCall') {
      expect(delta.id === undefined).toBe(begun.has(delta.index));
      if (!begun.has(delta.index)) expect(delta).toMatchObject({ index: begun.size, id: expect.any(String), name: expect.any(String) });
      begun.add(delta.index);
    }
    if (delta.type === 'finish') expect(position).toBe(deltas.length - 2);
    if (delta.type === 'end') expect(position).toBe(deltas.length - 1);
    if (delta.type === 'text' || delta.type === 'reasoning') expect(delta.text === '' && delta.signature === undefined).toBe(false);
  }
  expect(deltas.slice(-2).map((delta) => delta.type)).toEqual(['finish', 'end']);
}
