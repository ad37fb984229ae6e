import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from '@copilotkit/aimock';
import type { ChatCompletionRequest, Fixture, FixtureResponse } from '@copilotkit/aimock';
import type { JsonValue } from '../core/json.js';
import { objectOf, parseJson, textOf } from './json-read.js';
import { answerOperation } from './sandbox-operations.js';
import { sampleOf } from './schema-sample.js';

/** A local stand-in upstream that speaks the real wire formats and answers anything, so that a first start needs no key. */
export interface Sandbox {
  /** As a provider's base URL, with its version: http://127.0.0.1:<free port>/v1. The provider needs `allowPrivateNetwork`. */
  readonly baseUrl: string;
  /** Ends open answers too. */
  close(): Promise<void>;
}

export interface SandboxOptions {
  /** Between two pieces of a streamed answer. */
  readonly paceMs?: number;
  /** Characters of a piece. */
  readonly pieceLength?: number;
}

const FEWEST_KEPT_REQUESTS = 1;

export async function startSandbox({ paceMs = 30, pieceLength = 16 }: SandboxOptions = {}): Promise<Sandbox> {
  const answerAnything: Fixture = { match: { predicate: () => true }, response: answer, latency: paceMs, chunkSize: pieceLength };
  const { server, url } = await createServer([answerAnything], {
    host: '127.0.0.1',
    port: 0,
    logLevel: 'silent',
    journalMaxEntries: FEWEST_KEPT_REQUESTS,
    fixtureCountsMaxTestIds: FEWEST_KEPT_REQUESTS,
  });
  takeOperations(server);
  // The mock paces on to nobody unless its answer counts as ended, and that would hold up the end of the process.
  server.on('request', (_, response) => response.once('close', () => response.end()));
  return {
    baseUrl: `${url}/v1`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** What is no chat is answered before the mock sees it. */
function takeOperations(server: Server): void {
  const [answerChat] = server.listeners('request');
  server.removeAllListeners('request');
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    if (!answerOperation(request, response)) answerChat?.call(server, request, response);
  });
}

/** What the sandbox says to a request, in the chat form; the upstream turns it into the form that was asked for. */
export function answer(request: ChatCompletionRequest): FixtureResponse {
  const topic = topicOf(request);
  const call = callOf(request, topic);
  if (call !== null) return { toolCalls: [call], usage: usageOf(request, call.name + call.arguments) };
  const whole = textFor(request, topic);
  const content = capped(request, whole);
  return { content, finishReason: content === whole ? 'stop' : 'length', usage: usageOf(request, content) };
}

const LONGEST_TOPIC = 60;

/** The beginning of the last question. Half of a surrogate pair could not be shown, so none is kept. */
function topicOf(request: ChatCompletionRequest): string {
  const question = request.messages.findLast((message) => message.role === 'user');
  const text = (question === undefined ? '' : textOfContent(question.content))
    .replace(/[\p{Cs}\p{Cc}\u{10000}-\u{10FFFF}\s]+/gu, ' ')
    .trim();
  if (text.length <= LONGEST_TOPIC) return text === '' ? 'your request' : text;
  const cut = text.slice(0, LONGEST_TOPIC);
  return `${cut.slice(0, Math.max(cut.lastIndexOf(' '), LONGEST_TOPIC / 2))}…`;
}

type Content = ChatCompletionRequest['messages'][number]['content'];

function textOfContent(content: Content): string {
  return typeof content === 'string' ? content : (content ?? []).map((part) => part.text ?? '').join(' ');
}

/** A call where the choice asks for one, or where the question names a tool and no result is there yet. */
function callOf(request: ChatCompletionRequest, topic: string): { name: string; arguments: string } | null {
  const tools = request.tools ?? [];
  const named = textOf(objectOf(objectOf(asJson(request.tool_choice))['function'])['name']);
  const hasResult = request.messages.at(-1)?.role === 'tool';
  const mentioned = request.tool_choice !== 'none' && !hasResult ? tools.find((tool) => topic.includes(tool.function.name)) : undefined;
  const chosen =
    named !== null ? tools.find((tool) => tool.function.name === named) : request.tool_choice === 'required' ? tools[0] : mentioned;
  if (chosen === undefined) return null;
  const schema = asJson(chosen.function.parameters) ?? { type: 'object' };
  return { name: chosen.function.name, arguments: JSON.stringify(sampleOf(schema, topic)) };
}

function textFor(request: ChatCompletionRequest, topic: string): string {
  const format = objectOf(asJson(request.response_format));
  if (format['type'] === 'json_schema') return JSON.stringify(sampleOf(objectOf(format['json_schema'])['schema'], topic));
  if (format['type'] === 'json_object') return JSON.stringify({ topic, answer: 'This JSON comes from the sandbox.', sandbox: true });
  const last = request.messages.at(-1);
  if (last?.role === 'tool') return `The tool answered: ${textOfContent(last.content)} With that, “${topic}” is settled. ${CLOSING}`;
  return `You asked about “${topic}”. ${BODY} ${CLOSING}`;
}

const BODY = [
  'This answer comes from the sandbox, a stand-in that runs inside the gateway and needs no key.',
  'It goes the whole way of a real one: it is routed, streamed piece by piece, counted, priced, and written to the ledger.',
  'The tokens are estimated from the length of what was said, so that the cost you see is small but not zero.',
].join(' ');
const CLOSING = 'Add a provider of your own, and the same call will reach a real model.';

const BYTES_PER_TOKEN = 4;

function tokensOf(text: string): number {
  return Math.max(1, Math.ceil(Buffer.byteLength(text) / BYTES_PER_TOKEN));
}

/** Keeps to the cap that was sent, as a real upstream does. */
function capped(request: ChatCompletionRequest, text: string): string {
  const cap = request.max_tokens ?? request['max_completion_tokens'];
  if (typeof cap !== 'number' || tokensOf(text) <= cap) return text;
  return Buffer.from(text)
    .subarray(0, cap * BYTES_PER_TOKEN)
    .toString('utf8')
    .replace(/\uFFFD+$/, '');
}

function usageOf(request: ChatCompletionRequest, said: string) {
  const asked =
    request.messages.map((message) => textOfContent(message.content)).join('') +
    (request.tools === undefined ? '' : JSON.stringify(request.tools));
  const prompt_tokens = tokensOf(asked);
  const completion_tokens = tokensOf(said);
  return { prompt_tokens, completion_tokens, total_tokens: prompt_tokens + completion_tokens };
}

/** The request was read from JSON; its type only does not say so. */
function asJson(value: unknown): JsonValue | undefined {
  return typeof value === 'object' && value !== null ? parseJson(JSON.stringify(value)) : undefined;
}
