import type { JsonObject, JsonValue } from './json.js';
import type { PicoUsd } from './money.js';
import type { Tag } from './principal.js';
import type { RoutingPreferences } from './routes.js';
import type { DisconnectPolicy, MessageRole, PromptCacheTtl, ReasoningEffort, TaskKind, ToolChoiceMode } from './vocabulary.js';

/** A completion as the gateway understands it: checked, complete, immutable, in no vendor's words. */
export interface CompletionCall {
  /** As the caller wrote it: a route's slug, a model's slug, or provider/model. */
  readonly model: string;
  readonly messages: readonly Message[];
  readonly tools: readonly Tool[];
  readonly toolChoice: ToolChoice | null;
  readonly parallelToolCalls: boolean | null;
  readonly responseFormat: ResponseFormat | null;
  readonly reasoning: { readonly effort: ReasoningEffort | null; readonly maxTokens: number | null } | null;
  readonly maxOutputTokens: number | null;
  readonly temperature: number | null;
  readonly topP: number | null;
  readonly stop: readonly string[];
  readonly seed: number | null;
  readonly frequencyPenalty: number | null;
  readonly presencePenalty: number | null;
  readonly task: TaskKind | null;
  readonly routing: RoutingPreferences | null;
  /** What the call may be predicted to cost at most; null: anything. */
  readonly maxCost: PicoUsd | null;
  readonly timeoutMs: number | null;
  readonly onDisconnect: DisconnectPolicy | null;
  readonly user: string | null;
  readonly sessionId: string | null;
  readonly tags: readonly Tag[];
  /** Fields passed on as they are, by provider slug or wire format. */
  readonly providerOptions: JsonObject | null;
}

export interface Message {
  readonly role: MessageRole;
  readonly parts: readonly Part[];
  /** The call this answers (role TOOL). */
  readonly toolCallId: string | null;
  readonly isError: boolean;
}

/** `promptCache`: what is said up to this part's end may be kept by the vendor, and is cheaper to say again. */
export type Part = PartKind & { readonly promptCache?: PromptCacheTtl };

type PartKind =
  | { readonly kind: 'text'; readonly text: string; readonly signature: string | null }
  | { readonly kind: 'image'; readonly media: Media }
  | { readonly kind: 'audio'; readonly media: Media }
  | { readonly kind: 'document'; readonly media: Media }
  | { readonly kind: 'toolCall'; readonly id: string; readonly name: string; readonly arguments: string; readonly signature: string | null }
  | { readonly kind: 'reasoning'; readonly text: string | null; readonly redacted: string | null; readonly signature: string | null };

/** Exactly one of url and base64. */
export interface Media {
  readonly url: string | null;
  readonly base64: string | null;
  readonly mimeType: string | null;
  readonly name: string | null;
}

export interface Tool {
  readonly name: string;
  readonly description: string | null;
  /** A JSON schema. */
  readonly parameters: JsonValue;
  readonly strict: boolean | null;
}

export type ToolChoice = { readonly kind: 'mode'; readonly mode: ToolChoiceMode } | { readonly kind: 'tool'; readonly name: string };

export type ResponseFormat =
  | { readonly kind: 'text' }
  | { readonly kind: 'json' }
  | { readonly kind: 'jsonSchema'; readonly name: string; readonly schema: JsonValue; readonly strict: boolean };
