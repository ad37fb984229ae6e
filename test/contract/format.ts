import type { AssistantPart } from '../../src/core/answer.js';
import type { CompletionCall } from '../../src/core/completion.js';
import type { FailureClass, FinishReason, WireFormat } from '../../src/core/vocabulary.js';
import type { TokenClasses } from '../../src/core/usage.js';

/** What a wire format brings to join the contract suite: the same story in its own bytes. */
export interface FormatUnderTest {
  readonly wireFormat: WireFormat;
  /** Below the upstream's address: what a provider's base URL ends in. */
  readonly basePath: string;
  /** Where the calls arrive. */
  readonly path: { readonly unary: string; readonly stream: string };
  readonly answers: readonly AnswerCase[];
  readonly errors: readonly ErrorCase[];
  /** A stream's bytes up to its first words, and the rest. */
  readonly halves: { readonly first: string | Uint8Array; readonly rest: string | Uint8Array };
  /** Of its streams, where they are no server-sent events. */
  readonly contentType?: string;
  /** Cases of the list that do not apply, each with the reason. */
  readonly skipped: Readonly<Partial<Record<ContractCase, string>>>;
}

/** The cases every format answers, or gives a reason for not answering. */
export const CONTRACT_CASES = ['plain', 'tools', 'parallel tools', 'schema', 'no usage'] as const;
export type ContractCase = (typeof CONTRACT_CASES)[number];

export interface AnswerCase {
  readonly name: ContractCase;
  readonly call: Partial<CompletionCall>;
  /** What must stand in the request's body. */
  readonly sent: object;
  readonly body: object;
  readonly stream: readonly (string | Uint8Array)[];
  readonly parts: readonly AssistantPart[];
  readonly finishReason: FinishReason;
  readonly usage: Partial<TokenClasses> | null;
}

export interface ErrorCase {
  readonly name: string;
  readonly status: number;
  readonly headers?: Record<string, string>;
  readonly body: string;
  readonly failureClass: FailureClass;
  readonly retryAfterMs?: number;
}
