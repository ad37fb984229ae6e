import type { JsonValue } from '../../core/json.js';
import type {
  DisconnectPolicy,
  MessageRole,
  PromptCacheTtl,
  ReasoningEffort,
  RoutingGoal,
  TaskKind,
  ToolChoiceMode,
} from '../../core/vocabulary.js';

/**
 * The public contract's CompletionInput as it arrives: shapes are GraphQL's, sense is not checked yet. An absent field and
 * null mean the same.
 */
export interface RawCompletionInput {
  readonly model: string;
  readonly messages: readonly RawMessage[];
  readonly tools?: Optional<readonly RawTool[]>;
  readonly toolChoice?: Optional<RawToolChoice>;
  readonly parallelToolCalls?: Optional<boolean>;
  readonly responseFormat?: Optional<RawResponseFormat>;
  readonly reasoning?: Optional<RawReasoning>;
  readonly maxOutputTokens?: Optional<number>;
  readonly temperature?: Optional<number>;
  readonly topP?: Optional<number>;
  readonly stop?: Optional<readonly string[]>;
  readonly seed?: Optional<number>;
  readonly frequencyPenalty?: Optional<number>;
  readonly presencePenalty?: Optional<number>;
  readonly task?: Optional<TaskKind>;
  readonly routing?: Optional<RawRouting>;
  /** A decimal, in USD. */
  readonly maxCost?: Optional<string>;
  readonly timeoutMs?: Optional<number>;
  readonly onDisconnect?: Optional<DisconnectPolicy>;
  readonly user?: Optional<string>;
  readonly sessionId?: Optional<string>;
  readonly tags?: Optional<readonly RawTag[]>;
  readonly providerOptions?: Optional<JsonValue>;
}

type Optional<T> = T | null | undefined;

export interface RawMessage {
  readonly role: MessageRole;
  readonly text?: Optional<string>;
  readonly parts?: Optional<readonly RawPart[]>;
  readonly toolCallId?: Optional<string>;
  readonly isError?: Optional<boolean>;
}

export interface RawPart {
  readonly text?: Optional<string>;
  readonly image?: Optional<RawMedia>;
  readonly audio?: Optional<RawMedia>;
  readonly document?: Optional<RawMedia>;
  readonly toolCall?: Optional<RawToolCall>;
  readonly reasoning?: Optional<RawReasoningPart>;
  readonly signature?: Optional<string>;
  readonly promptCache?: Optional<PromptCacheTtl>;
}

export interface RawMedia {
  /** Text, or what the URL scalar makes of it. */
  readonly url?: Optional<string | URL>;
  readonly base64?: Optional<string>;
  readonly mimeType?: Optional<string>;
  readonly name?: Optional<string>;
}

export interface RawToolCall {
  readonly id: string;
  readonly name: string;
  readonly arguments: string;
}

export interface RawReasoningPart {
  readonly text?: Optional<string>;
  readonly redacted?: Optional<string>;
}

export interface RawTool {
  readonly name: string;
  readonly description?: Optional<string>;
  readonly parameters?: Optional<JsonValue>;
  readonly strict?: Optional<boolean>;
}

export interface RawToolChoice {
  readonly mode?: Optional<ToolChoiceMode>;
  readonly tool?: Optional<string>;
}

export interface RawResponseFormat {
  readonly text?: Optional<boolean>;
  readonly json?: Optional<boolean>;
  readonly jsonSchema?: Optional<{ readonly name: string; readonly schema: JsonValue; readonly strict?: Optional<boolean> }>;
}

export interface RawReasoning {
  readonly effort?: Optional<ReasoningEffort>;
  readonly maxTokens?: Optional<number>;
}

export interface RawRouting {
  readonly regions?: Optional<readonly string[]>;
  readonly providers?: Optional<readonly string[]>;
  readonly excludeProviders?: Optional<readonly string[]>;
  readonly disableFallbacks?: Optional<boolean>;
  readonly optimizeFor?: Optional<RoutingGoal>;
  readonly maxFirstTokenMs?: Optional<number>;
}

export interface RawTag {
  readonly key: string;
  readonly value: string;
}
