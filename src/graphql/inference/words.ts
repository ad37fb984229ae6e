import type {
  AttemptStatus,
  ContentState,
  CostQuality,
  DisconnectPolicy,
  FailureClass,
  FinishReason,
  InferenceStatus,
  MessageRole,
  Operation,
  PromptCacheTtl,
  ReasoningEffort,
  TaskKind,
  ToolChoiceMode,
  UsageSource,
} from '../../core/vocabulary.js';
import { declareEnum } from '../declare-enum.js';

export const OperationEnum = declareEnum<Operation>('Operation', 'What the gateway ran.', {
  COMPLETION: 'An answer to a conversation.',
  EMBEDDING: 'Vectors for texts.',
  IMAGE: 'Pictures of a prompt.',
  SPEECH: 'A text read aloud.',
  TRANSCRIPTION: 'What is said in a recording.',
  MODERATION: 'What texts hold that they should not.',
  RERANK: 'Documents in the order of what they say to a query.',
});

export const InferenceStatusEnum = declareEnum<InferenceStatus>('InferenceStatus', 'How far an inference is, or how it ended.', {
  RUNNING: 'Not ended yet.',
  SUCCEEDED: 'Answered in full.',
  FAILED: 'Something was sent upstream, and no full answer came.',
  CANCELLED: 'Ended by its caller, or because its last reader left.',
  BLOCKED: 'Refused before any upstream call.',
});

export const ContentStateEnum = declareEnum<ContentState>('ContentState', 'Whether prompt and answer can still be read.', {
  AVAILABLE: 'They can be read, until `contentExpiresAt` where that is set.',
  EXPIRED: 'They were kept, and their time is over.',
  NOT_STORED: 'They were never kept, or are lost.',
});

export const FinishReasonEnum = declareEnum<FinishReason>('FinishReason', 'Why the model stopped.', {
  STOP: 'It had said all, or met a stop sequence.',
  LENGTH: 'The output cap was reached.',
  TOOL_CALLS: 'It asks for tools to be called.',
  CONTENT_FILTER: 'The provider’s filter cut the answer.',
  REFUSAL: 'The model declined to answer.',
  PAUSED: 'The provider paused a long turn; send it back to go on.',
  CONTEXT_LENGTH: 'The context window was full.',
  INCOMPLETE: 'The stream ended without its terminal event.',
  CANCELLED: 'The call was cancelled while the model wrote.',
  OTHER: 'A reason this gateway does not know; see `rawFinishReason`.',
});

export const UsageSourceEnum = declareEnum<UsageSource>('UsageSource', 'Where token counts come from.', {
  REPORTED: 'Reported by the provider.',
  ESTIMATED: 'Estimated by the gateway.',
  NONE: 'There was nothing to count.',
});

export const CostQualityEnum = declareEnum<CostQuality>('CostQuality', 'How far a cost can be trusted.', {
  EXACT: 'Reported usage at the price in force.',
  ESTIMATED: 'Estimated usage, or a price that names no rate for a part of it.',
  UNPRICED: 'No price is known: the total is null, which is not zero.',
  FREE: 'The price is declared to be zero.',
});

/** Only what this version can answer: there is no cache yet. */
export const CacheStatusEnum = declareEnum<'OFF'>('CacheStatus', 'What the answer cache did.', {
  OFF: 'It was not asked.',
});

export const AttemptStatusEnum = declareEnum<AttemptStatus>('AttemptStatus', 'How one upstream call ended.', {
  RUNNING: 'Not ended yet.',
  SUCCEEDED: 'It answered in full.',
  FAILED: 'It failed; `failure` tells the class.',
  CANCELLED: 'It was closed because the caller left or the time was over.',
});

export const FailureClassEnum = declareEnum<FailureClass>(
  'FailureClass',
  'What went wrong with an upstream call; decides what is retried.',
  {
    RATE_LIMITED: 'The provider limits our rate (429).',
    OVERLOADED: 'The provider is overloaded (503, 529, or an error inside a 200 stream).',
    SERVER_ERROR: 'The provider failed (500, 502, 504).',
    TIMEOUT: 'No connection, no first token, or silence for too long.',
    CONNECTION: 'Refused, reset, DNS or TLS.',
    AUTH: 'The provider refused the gateway’s credential (401, 402, 403).',
    TARGET_NOT_FOUND: 'The provider does not know the model or the address (404, 405).',
    CONTEXT_LENGTH: 'The prompt is longer than the model’s context window.',
    CONTENT_FILTER: 'The provider refused the content.',
    BAD_RESPONSE: 'An unreadable body, or a stream cut before its end.',
    UNSUPPORTED_PARAMETER: 'The provider refused a parameter by name.',
    CALLER: 'The provider found the request itself wrong (any other 4xx).',
  },
);

export const MessageRoleEnum = declareEnum<MessageRole>('MessageRole', 'Who speaks.', {
  SYSTEM: 'Instructions of the application.',
  USER: 'The person, or the program in their place.',
  ASSISTANT: 'The model, in an earlier turn.',
  TOOL: 'The result of a tool call.',
});

export const ToolChoiceModeEnum = declareEnum<ToolChoiceMode>('ToolChoiceMode', 'Whether the model may or must call tools.', {
  AUTO: 'As it sees fit.',
  NONE: 'It must not.',
  REQUIRED: 'It must call at least one.',
});

export const PromptCacheTtlEnum = declareEnum<PromptCacheTtl>('PromptCacheTtl', 'How long a provider should keep a prompt.', {
  FIVE_MINUTES: 'Five minutes, begun anew by each use.',
  ONE_HOUR: 'An hour, where the provider keeps one so long; writing it costs more.',
});

export const ReasoningEffortEnum = declareEnum<ReasoningEffort>('ReasoningEffort', 'How hard the model should think before it answers.', {
  NONE: 'Not at all.',
  MINIMAL: 'As little as the model allows.',
  LOW: 'A little.',
  MEDIUM: 'The usual amount.',
  HIGH: 'As much as it takes.',
});

export const TaskKindEnum = declareEnum<TaskKind>('TaskKind', 'What a call is for.', {
  CHAT: 'A conversation.',
  SUMMARIZATION: 'Making a text shorter.',
  TRANSLATION: 'From one language into another.',
  EXTRACTION: 'Data out of text.',
  CLASSIFICATION: 'A label for a text.',
  CODE: 'Writing or reading programs.',
  REASONING: 'Working a problem out.',
  CREATIVE: 'Free writing.',
  OTHER: 'Anything else.',
});

export const DisconnectPolicyEnum = declareEnum<DisconnectPolicy>('DisconnectPolicy', 'What happens when the last reader leaves.', {
  CANCEL: 'The upstream call is closed at once.',
  CONTINUE: 'It goes on to its end, and is billed.',
});
