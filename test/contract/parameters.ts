import type { CompletionCall, Media, Message, Part, Tool } from '../../src/core/completion.js';
import { PROMPT_CACHE_TTLS, REASONING_EFFORTS, TOOL_CHOICE_MODES } from '../../src/core/vocabulary.js';
import type { PromptCacheTtl } from '../../src/core/vocabulary.js';
import { message, textPart, toolCallPart } from '../providers/support.js';

/** A call that says one thing, and the same call without it. */
export interface Parameter {
  readonly name: string;
  readonly given: Partial<CompletionCall>;
  readonly without: Partial<CompletionCall>;
}

type Pair = readonly [given: Partial<CompletionCall>, without: Partial<CompletionCall>];
type Pairs = Readonly<Record<string, Pair>>;

/** The gateway's own affair: no provider is told of them. */
type OfTheGateway = 'model' | 'routing' | 'task' | 'maxCost' | 'timeoutMs' | 'onDisconnect' | 'sessionId' | 'tags';

const schema = { type: 'object', properties: { a: { type: 'string' } }, required: ['a'] };
const TOOL: Tool = { name: 'weather', description: null, parameters: null, strict: null };
const tool = (changes: Partial<Tool>): Partial<CompletionCall> => ({ tools: [{ ...TOOL, ...changes }] });
const field = (given: Partial<CompletionCall>): Pair => [given, {}];
const withTool = (given: Partial<CompletionCall>): Pair => [{ ...tool({}), ...given }, tool({})];

const TOOLS = {
  tools: {
    'tools, one': field(tool({})),
    'tools, another': [{ tools: [TOOL, { ...TOOL, name: 'clock' }] }, tool({})],
    'tools.description': [tool({ description: 'Tells it' }), tool({})],
    'tools.parameters': [tool({ parameters: schema }), tool({})],
    'tools.strict': [tool({ parameters: schema, strict: true }), tool({ parameters: schema })],
  },
  toolChoice: {
    ...Object.fromEntries(TOOL_CHOICE_MODES.map((mode) => [`toolChoice ${mode}`, withTool({ toolChoice: { kind: 'mode', mode } })])),
    'toolChoice of a tool': withTool({ toolChoice: { kind: 'tool', name: 'weather' } }),
    'toolChoice without tools': field({ toolChoice: { kind: 'mode', mode: 'AUTO' } }),
  },
  parallelToolCalls: {
    'parallelToolCalls true': withTool({ parallelToolCalls: true }),
    'parallelToolCalls false': withTool({ parallelToolCalls: false }),
    'parallelToolCalls without tools': field({ parallelToolCalls: true }),
  },
} as const satisfies Partial<Record<keyof CompletionCall, Pairs>>;

const FIELDS = {
  responseFormat: {
    'responseFormat json': field({ responseFormat: { kind: 'json' } }),
    'responseFormat jsonSchema': field({ responseFormat: { kind: 'jsonSchema', name: 'a', schema, strict: true } }),
  },
  reasoning: {
    ...Object.fromEntries(
      REASONING_EFFORTS.map((effort) => [`reasoning.effort ${effort}`, field({ reasoning: { effort, maxTokens: null } })]),
    ),
    'reasoning.maxTokens': field({ reasoning: { effort: null, maxTokens: 2_000 } }),
  },
  maxOutputTokens: { maxOutputTokens: field({ maxOutputTokens: 9_999 }) },
  temperature: { temperature: field({ temperature: 0.5 }), 'temperature 0': field({ temperature: 0 }) },
  topP: { topP: field({ topP: 0.5 }) },
  stop: { stop: field({ stop: ['END'] }), 'stop, another': [{ stop: ['END', 'FIN'] }, { stop: ['END'] }] },
  seed: { seed: field({ seed: 7 }) },
  frequencyPenalty: { frequencyPenalty: field({ frequencyPenalty: 0.5 }) },
  presencePenalty: { presencePenalty: field({ presencePenalty: 0.5 }) },
  user: { user: field({ user: 'u' }) },
  providerOptions: { providerOptions: field({ providerOptions: { acme: { x: 1 } } }) },
} as const satisfies Partial<Record<keyof CompletionCall, Pairs>>;

const media = (fields: Partial<Media>): Media => ({ url: null, base64: null, mimeType: null, name: null, ...fields });
const said = (...parts: readonly Part[]): Partial<CompletionCall> => ({ messages: [message('USER', [textPart('Hi'), ...parts])] });
const answered = (...parts: readonly Part[]): Partial<CompletionCall> => ({
  messages: [message('USER', 'Hi'), message('ASSISTANT', parts), message('USER', 'Go')],
});
const result = (part: Part, extra: Partial<Message> = {}): Partial<CompletionCall> => ({
  messages: [message('USER', 'Hi'), message('ASSISTANT', [toolCallPart('a')]), message('TOOL', [part], { toolCallId: 'a', ...extra })],
});
const part = (given: Part): Pair => [said(given), said()];
const thought = (fields: object): Part => ({ kind: 'reasoning', text: 'hm', redacted: null, signature: null, ...fields });
const marks = (where: string, of: (mark: { readonly promptCache?: PromptCacheTtl }) => Partial<CompletionCall>): Pairs =>
  Object.fromEntries(PROMPT_CACHE_TTLS.map((promptCache) => [`promptCache ${promptCache} of ${where}`, [of({ promptCache }), of({})]]));

const MESSAGES: Readonly<Record<'messages', Pairs>> = {
  messages: {
    'a system message': [{ messages: [message('SYSTEM', 'S'), message('USER', 'Hi')] }, said()],
    'a system message later': [{ messages: [message('USER', 'Hi'), message('SYSTEM', 'S')] }, said()],
    'an image': part({ kind: 'image', media: media({ base64: 'iVBORw0KGgo=' }) }),
    'an image by address': part({ kind: 'image', media: media({ url: 'https://x.test/a.png' }) }),
    'an image’s mimeType': [
      said({ kind: 'image', media: media({ base64: 'AAAA', mimeType: 'image/webp' }) }),
      said({ kind: 'image', media: media({ base64: 'AAAA' }) }),
    ],
    audio: part({ kind: 'audio', media: media({ base64: 'AAAA', mimeType: 'audio/mpeg' }) }),
    'a document': part({ kind: 'document', media: media({ base64: 'JVBERi0=' }) }),
    'a document by address': part({ kind: 'document', media: media({ url: 'https://x.test/a.pdf' }) }),
    'a document’s name': [
      said({ kind: 'document', media: media({ base64: 'JVBERi0=', name: 'report.pdf' }) }),
      said({ kind: 'document', media: media({ base64: 'JVBERi0=' }) }),
    ],
    'a call’s arguments': [answered(toolCallPart('a', 'weather', '{"n":1}')), answered(toolCallPart('a'))],
    'reasoning of earlier turns': [answered(thought({}), textPart('Hi')), answered(textPart('Hi'))],
    'signed reasoning': [answered(thought({ signature: 'EqQB' }), textPart('Hi')), answered(textPart('Hi'))],
    'closed reasoning': [answered(thought({ text: null, redacted: 'EmwK' }), textPart('Hi')), answered(textPart('Hi'))],
    isError: [result(textPart('no'), { isError: true }), result(textPart('no'))],
    'an image in a result': [result({ kind: 'image', media: media({ base64: 'iVBORw0KGgo=' }) }), result(textPart(''))],
    ...marks('a user', (mark) => said({ ...textPart('Hm'), ...mark })),
    ...marks('an answer', (mark) => answered({ ...toolCallPart('a'), ...mark })),
    ...marks('a result', (mark) => result({ ...textPart('no'), ...mark })),
  },
};

/** Does not compile while a field of the call is neither walked nor the gateway's own. */
const WALKED: Readonly<Record<Exclude<keyof CompletionCall, OfTheGateway>, Pairs>> = { ...TOOLS, ...FIELDS, ...MESSAGES };

export const PARAMETERS: readonly Parameter[] = Object.values(WALKED).flatMap((pairs) =>
  Object.entries(pairs).map(([name, [given, without]]) => ({ name, given, without })),
);
