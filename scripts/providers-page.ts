import type { CompletionCall, Message, Part, Tool } from '../src/core/completion.js';
import type { Preset } from '../src/providers/preset.js';
import { WIRE_FORMAT_ADAPTERS } from '../src/providers/adapters.js';
import { Untranslatable } from '../src/providers/contract.js';
import type { ProviderTarget } from '../src/providers/contract.js';
import { needsBytes } from '../src/providers/media-needs.js';
import { isMediaPart } from '../src/providers/media-types.js';
import { OPERATIONS } from '../src/core/vocabulary.js';
import { PRESETS } from '../src/providers/presets.js';

/** What the translator of a preset does with a call that uses one thing. */
type Verdict = 'yes' | 'told' | 'no';

const MARKS: Readonly<Record<Verdict, string>> = { yes: '✓', told: '~', no: '–' };

const text = (words: string): Part => ({ kind: 'text', text: words, signature: null });
const message = (role: Message['role'], ...parts: readonly Part[]): Message => ({ role, parts, toolCallId: null, isError: false });
const says = (...parts: readonly Part[]): Partial<CompletionCall> => ({ messages: [message('USER', text('Hi'), ...parts)] });
const media = (base64: string, mimeType: string) => ({ url: null, base64, mimeType, name: null });
const schema = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };
const tool: Tool = { name: 'weather', description: 'Tells it', parameters: schema, strict: null };

/** Each column: the capability or parameter, and the smallest call that uses it. */
const PROBES: readonly (readonly [string, Partial<CompletionCall>])[] = [
  ['tools', { tools: [tool] }],
  ['parallel tools', { tools: [tool], parallelToolCalls: true }],
  ['JSON', { responseFormat: { kind: 'json' } }],
  ['JSON schema', { responseFormat: { kind: 'jsonSchema', name: 'place', schema, strict: true } }],
  ['images', says({ kind: 'image', media: media('iVBORw0KGgo=', 'image/png') })],
  ['image by URL', says({ kind: 'image', media: { url: 'https://example.com/a.png', base64: null, mimeType: 'image/png', name: null } })],
  ['audio', says({ kind: 'audio', media: media('UklGRg==', 'audio/wav') })],
  ['documents', says({ kind: 'document', media: media('JVBERi0=', 'application/pdf') })],
  ['reasoning', { reasoning: { effort: 'MEDIUM', maxTokens: null }, maxOutputTokens: 20_000 }],
  ['`promptCache`', { messages: [message('USER', { ...text('Hi'), promptCache: 'FIVE_MINUTES' })] }],
  ['`stop`', { stop: ['END'] }],
  ['`seed`', { seed: 7 }],
  ['penalties', { frequencyPenalty: 0.5, presencePenalty: 0.5 }],
  ['`user`', { user: 'u' }],
];

const PLAIN: CompletionCall = {
  ...{ model: 'm', messages: [message('USER', text('Hi'))], tools: [], toolChoice: null, parallelToolCalls: null, responseFormat: null },
  ...{ reasoning: null, maxOutputTokens: 1_000, temperature: null, topP: null, stop: [], seed: null, frequencyPenalty: null },
  ...{ presencePenalty: null, task: null, routing: null, maxCost: null, timeoutMs: null, onDisconnect: null, user: null, sessionId: null },
  ...{ tags: [], providerOptions: null },
};

/** The model whose form counts where a format's differ from model to model. */
const EXAMPLES: Readonly<Record<string, string>> = { bedrock: 'anthropic.claude-sonnet-4-6-v1:0' };

function targetOf({ name, wireFormat, baseUrl, models }: Preset): ProviderTarget {
  const upstreamModel = EXAMPLES[name] ?? models[0]?.upstreamModel ?? models[0]?.model ?? 'model';
  return {
    ...{ deploymentId: 'd', providerSlug: name, preset: name, wireFormat, baseUrl: baseUrl ?? 'https://example.com', upstreamModel },
    ...{ model: upstreamModel, headers: {}, apiKey: null, account: null, region: null, allowPrivateNetwork: false },
    ...{ capabilities: new Set<never>(), maxOutputTokens: null },
  };
}

/** As the gateway makes it of a call whose images its target does not fetch. */
function fetched(call: CompletionCall): CompletionCall {
  const parts = (of: readonly Part[]) =>
    of.map((part) => (isMediaPart(part) ? { ...part, media: media('iVBORw0KGgo=', 'image/png') } : part));
  return { ...call, messages: call.messages.map((one) => ({ ...one, parts: parts(one.parts) })) };
}

export function verdictOf(preset: Preset, call: Partial<CompletionCall>): Verdict {
  const chat = WIRE_FORMAT_ADAPTERS.get(preset.wireFormat)?.chat;
  if (chat === undefined) return 'no';
  const target = targetOf(preset);
  const whole = { ...PLAIN, ...call };
  const isFetched = whole.messages.some(({ parts }) => parts.some((part) => isMediaPart(part) && needsBytes(part, target)));
  try {
    const { warnings } = chat.toRequest(isFetched ? fetched(whole) : whole, target, { stream: false, refusedParameters: new Set() });
    return warnings.length === 0 && !isFetched ? 'yes' : 'told';
  } catch (error) {
    if (error instanceof Untranslatable) return 'no';
    throw error;
  }
}

/** What the vendor offers, of what its wire format has a form for. */
function operationsOf({ wireFormat, operations = ['COMPLETION'] }: Preset): readonly string[] {
  const adapter = WIRE_FORMAT_ADAPTERS.get(wireFormat);
  const built = new Set<string>([...(adapter?.chat === undefined ? [] : ['COMPLETION']), ...Object.keys(adapter?.operations ?? {})]);
  return operations.filter((operation) => built.has(operation));
}

const CLOUDS: readonly string[] = [
  '## Clouds',
  '',
  'Bedrock takes an API key (`credential: {apiKey}`), or keys of an account, by which each call is signed for the region. Temporary keys are',
  'not renewed by the gateway. Cross-region profiles and profiles of one’s own are named by the deployment’s `upstreamModel`; where that is an',
  'ARN that tells no maker, the model’s slug does (`claude-…`, `nova-…`). Conversations go through Converse; vectors, pictures and rankings',
  'through InvokeModel, in the words of the model’s maker.',
  '',
  '```graphql',
  'mutation {',
  '  createProvider(',
  '    input: {',
  '      slug: "bedrock"',
  '      preset: "bedrock"',
  '      region: "eu-central-1"',
  '      credential: { aws: { accessKeyId: "AKIA…", secretAccessKey: "…" } }',
  '    }',
  '  ) {',
  '    __typename',
  '  }',
  '}',
  '```',
  '',
  'Vertex AI is called by a service account: `preset: "vertex"`, `region: "europe-west4"` (or `"global"`) and',
  '`credential: {googleServiceAccount: $keyFile}` with the key file’s JSON as a variable; the project is the key file’s own, unless `baseUrl`',
  'says another. The gateway exchanges it for access tokens, and renews them five minutes before they end while nobody waits.',
  '',
  'Both can come from the environment of a first start. `BEDROCK_REGION` makes bedrock of `AWS_BEARER_TOKEN_BEDROCK`, else of',
  '`AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and, of temporary keys, `AWS_SESSION_TOKEN`; it has no models until',
  '`createDeployment` names their profiles, which decide where words travel. `VERTEX_REGION` makes vertex, with its usual models, of the key',
  'file that `GOOGLE_APPLICATION_CREDENTIALS` leads to. Without the region those variables make nothing: many machines have them for',
  'other ends. Credentials that have changed are taken over at each start.',
];

const PRIVATE_SERVERS: readonly string[] = [
  '## Private servers',
  '',
  'A server on a private network needs `allowPrivateNetwork: true`. Where no public authority signed its certificate, `tls` says whose it must',
  'descend from; where it wants one in return (mutual TLS), which it is shown. Keys are stored encrypted and never shown again; an update keeps',
  'what it does not name. There is no switch that skips verification: for a certificate that signed itself, name the certificate.',
  '',
  '```graphql',
  'mutation ($authority: String!, $certificate: String!, $key: String!) {',
  '  createProvider(',
  '    input: {',
  '      slug: "inside"',
  '      wireFormat: OPENAI_CHAT',
  '      baseUrl: "https://10.0.0.7:8443/v1"',
  '      allowPrivateNetwork: true',
  '      tls: { certificateAuthority: $authority, clientCertificate: $certificate, clientKey: $key, serverName: "llm.internal.example.com" }',
  '    }',
  '  ) {',
  '    __typename',
  '  }',
  '}',
  '```',
];

/** The lines of docs/providers.md: vendor × operation × capability, asked of the translators themselves. */
export function providersMatrix(
  table: (head: readonly string[], rows: readonly (readonly string[])[]) => readonly string[],
): readonly string[] {
  const presets = [...PRESETS].toSorted((one, other) => one.name.localeCompare(other.name, 'en'));
  const operations = OPERATIONS.filter((operation) => presets.some((preset) => operationsOf(preset).includes(operation)));
  const offered = presets.map((preset) => {
    const has = new Set(operationsOf(preset));
    return [
      `\`${preset.name}\``,
      `\`${preset.wireFormat}\``,
      ...operations.map((operation) => (has.has(operation) ? MARKS.yes : MARKS.no)),
    ];
  });
  const takes = presets
    .filter((preset) => operationsOf(preset).includes('COMPLETION'))
    .map((preset) => [`\`${preset.name}\``, ...PROBES.map(([, call]) => MARKS[verdictOf(preset, call)])]);
  return [
    'What a call can ask of each vendor, as the gateway’s own translators answer it. Addresses, variables and models are in the',
    '[reference](reference/providers.md).',
    '',
    '## Operations',
    '',
    'What the vendor’s documentation offers, and the gateway speaks; which models serve it is up to the vendor.',
    '',
    ...table(['preset', 'wire format', ...operations.map((operation) => `\`${operation}\``)], offered),
    '',
    '## What a completion can hold',
    '',
    `${MARKS.yes} is sent in the vendor’s form. ${MARKS.told} is sent in another way, or left out: \`Completion.warnings\` say which.`,
    `${MARKS.no} is refused with a message that names it, before anything is sent. Bedrock’s row is that of a Claude.`,
    '',
    ...table(['preset', ...PROBES.map(([name]) => name)], takes),
    '',
    'An image by URL is fetched by the vendor where it is sent as it is; where not (~), by the gateway, as are audio and documents, unless',
    '`MEDIA_FETCH=off`: over https from public addresses only, at most 20 MB a file, 25 MB and 20 files a call, within 20 seconds.',
    '',
    'Beyond the vendor it is the model that counts: what a model is known not to take (`Model.capabilities`) is refused as',
    '`CAPABILITY_NOT_SUPPORTED`, or skipped in a chain of targets with the reason; for the lack of JSON, JSON schema, reasoning, parallel',
    'tools, prompt caching or streaming a call goes another way, told in `warnings`. A model known for nothing but STREAMING is tried with',
    'anything.',
    '',
    ...CLOUDS,
    '',
    ...PRIVATE_SERVERS,
  ];
}
