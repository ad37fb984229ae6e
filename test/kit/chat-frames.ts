/** Bodies and server-sent events of the OpenAI chat form, made from its documentation. */
export const DONE = 'data: [DONE]\n\n';
export const CHAT_USAGE = { prompt_tokens: 11, completion_tokens: 7, total_tokens: 18 };

export function sse(data: unknown): string {
  return `data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`;
}

const CHUNK = { id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1_790_000_000, model: 'test-model' };

/** A chunk with one choice. `extra` joins the chunk's top level. */
export function chatFrame(delta: object, finishReason: string | null = null, extra: object = {}): string {
  return sse({ ...CHUNK, choices: [{ index: 0, delta, finish_reason: finishReason }], ...extra });
}

export function finishFrame(finishReason: string, extra: object = {}): string {
  return chatFrame({}, finishReason, extra);
}

/** The last chunk, without choices, as `stream_options.include_usage` gives it. */
export function usageFrame(usage: object = CHAT_USAGE): string {
  return sse({ ...CHUNK, choices: [], usage });
}

/** All the frames of a streamed text, usage and [DONE] included. */
export function chatStream(texts: readonly string[], usage: object = CHAT_USAGE): string[] {
  return [
    chatFrame({ role: 'assistant', content: '' }),
    ...texts.map((text) => chatFrame({ content: text })),
    finishFrame('stop'),
    usageFrame(usage),
    DONE,
  ];
}

/** A whole unary body. */
export function chatBody(options: { message?: object; finishReason?: string; usage?: object | null; extra?: object } = {}): object {
  const { message = { content: 'Hello there.' }, finishReason = 'stop', usage = CHAT_USAGE, extra = {} } = options;
  return {
    ...CHUNK,
    object: 'chat.completion',
    choices: [{ index: 0, message: { role: 'assistant', ...message }, finish_reason: finishReason }],
    ...(usage === null ? {} : { usage }),
    ...extra,
  };
}

/** An error body as OpenAI writes it. */
export function chatError(message: string, fields: { type?: string; code?: string | null; param?: string | null } = {}): object {
  return { error: { message, type: fields.type ?? 'invalid_request_error', param: fields.param ?? null, code: fields.code ?? null } };
}
