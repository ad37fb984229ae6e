import type { Capability } from '../core/vocabulary.js';

/** What the price data does not tell. */
export interface OverlayEntry {
  readonly capabilities: readonly Capability[];
  /** Null where the vendor states no limit of its own. */
  readonly maxOutputTokens: number | null;
}

/** When the table was last looked over; newer models get their family's words until then. */
export const OVERLAY_AS_OF = '2026-11-21';

const TOOLS: readonly Capability[] = ['STREAMING', 'TOOLS', 'PARALLEL_TOOLS', 'JSON_MODE'];
const SCHEMA: readonly Capability[] = [...TOOLS, 'JSON_SCHEMA'];
const SEEING: readonly Capability[] = [...SCHEMA, 'VISION', 'DOCUMENTS', 'PROMPT_CACHING'];
const THINKING: readonly Capability[] = [...SEEING, 'REASONING'];
const CLAUDE: readonly Capability[] = ['STREAMING', 'TOOLS', 'PARALLEL_TOOLS', 'VISION', 'DOCUMENTS', 'PROMPT_CACHING'];
const CLAUDE_THINKING: readonly Capability[] = [...CLAUDE, 'JSON_SCHEMA', 'REASONING'];
const GEMINI: readonly Capability[] = [...SEEING, 'AUDIO_INPUT'];

const entry = (capabilities: readonly Capability[], maxOutputTokens: number | null = null): OverlayEntry => ({
  capabilities,
  maxOutputTokens,
});

/**
 * By the start of the slug; the longest that fits counts, up to a dash or dot or the end.
 * Sources: the vendors' own model pages (platform.openai.com/docs/models, docs.claude.com, ai.google.dev, docs.mistral.ai,
 * api-docs.deepseek.com, docs.x.ai, docs.perplexity.ai, console.groq.com/docs/models).
 */
const ENTRIES: ReadonlyMap<string, OverlayEntry> = new Map(
  Object.entries({
    'gpt-3.5-turbo': entry(TOOLS, 4_096),
    'gpt-4': entry(['STREAMING', 'TOOLS', 'PARALLEL_TOOLS'], 8_192),
    'gpt-4-turbo': entry([...TOOLS, 'VISION'], 4_096),
    'gpt-4o': entry(SEEING, 16_384),
    'gpt-4o-2024-05-13': entry([...TOOLS, 'VISION', 'DOCUMENTS'], 4_096),
    'gpt-4o-mini': entry(SEEING, 16_384),
    'gpt-4o-audio-preview': entry([...TOOLS, 'AUDIO_INPUT'], 16_384),
    'gpt-4o-mini-audio-preview': entry([...TOOLS, 'AUDIO_INPUT'], 16_384),
    'gpt-4o-search-preview': entry(['STREAMING', 'JSON_MODE', 'JSON_SCHEMA'], 16_384),
    'gpt-4.1': entry(SEEING, 32_768),
    'gpt-5': entry(THINKING, 128_000),
    'gpt-5.1': entry(THINKING, 128_000),
    'gpt-5.2': entry(THINKING, 128_000),
    'gpt-5.4': entry(THINKING, 128_000),
    'gpt-5.5': entry(THINKING, 128_000),
    'gpt-5.6': entry(THINKING, 128_000),
    'gpt-6': entry(THINKING, 128_000),
    'gpt-audio': entry([...TOOLS, 'AUDIO_INPUT'], 16_384),
    'gpt-oss': entry([...SCHEMA, 'REASONING']),
    o1: entry(THINKING, 100_000),
    'o1-mini': entry(['STREAMING', 'REASONING', 'PROMPT_CACHING'], 65_536),
    'o1-preview': entry(['STREAMING', 'REASONING', 'PROMPT_CACHING'], 32_768),
    o3: entry(THINKING, 100_000),
    'o3-mini': entry([...SCHEMA, 'REASONING', 'PROMPT_CACHING'], 100_000),
    'o4-mini': entry(THINKING, 100_000),
    'claude-3-haiku': entry(CLAUDE, 4_096),
    'claude-3-opus': entry(CLAUDE, 4_096),
    'claude-3-5': entry(CLAUDE, 8_192),
    'claude-3-7-sonnet': entry([...CLAUDE, 'REASONING'], 64_000),
    'claude-opus-4': entry([...CLAUDE, 'REASONING'], 32_000),
    'claude-opus-4-5': entry(CLAUDE_THINKING, 64_000),
    'claude-opus-4-6': entry(CLAUDE_THINKING, 128_000),
    'claude-opus-4-7': entry(CLAUDE_THINKING, 128_000),
    'claude-opus-4-8': entry(CLAUDE_THINKING, 128_000),
    'claude-opus-5': entry(CLAUDE_THINKING, 128_000),
    'claude-sonnet-4': entry([...CLAUDE, 'REASONING'], 64_000),
    'claude-sonnet-4-5': entry(CLAUDE_THINKING, 64_000),
    'claude-sonnet-4-6': entry(CLAUDE_THINKING, 128_000),
    'claude-sonnet-5': entry(CLAUDE_THINKING, 128_000),
    'claude-fable-5': entry(CLAUDE_THINKING, 128_000),
    'claude-haiku-4-5': entry(CLAUDE_THINKING, 64_000),
    'gemini-1.5': entry(GEMINI, 8_192),
    'gemini-2.0-flash': entry(GEMINI, 8_192),
    'gemini-2.5': entry([...GEMINI, 'REASONING'], 65_536),
    'gemini-3': entry([...GEMINI, 'REASONING'], 65_536),
    'gemini-3.1': entry([...GEMINI, 'REASONING'], 65_536),
    'gemini-3.5': entry([...GEMINI, 'REASONING'], 65_536),
    'gemini-3.6': entry([...GEMINI, 'REASONING'], 65_536),
    'gemini-3.7': entry([...GEMINI, 'REASONING'], 65_536),
    'gemini-3.8': entry([...GEMINI, 'REASONING'], 65_536),
    'mistral-large': entry([...SCHEMA, 'VISION']),
    'mistral-medium': entry([...SCHEMA, 'VISION']),
    'mistral-small': entry([...SCHEMA, 'VISION']),
    ministral: entry([...SCHEMA, 'VISION']),
    magistral: entry([...SCHEMA, 'REASONING']),
    devstral: entry(SCHEMA),
    codestral: entry(SCHEMA),
    pixtral: entry([...SCHEMA, 'VISION']),
    voxtral: entry([...SCHEMA, 'AUDIO_INPUT']),
    'deepseek-chat': entry([...TOOLS, 'PROMPT_CACHING'], 8_192),
    'deepseek-reasoner': entry([...TOOLS, 'REASONING', 'PROMPT_CACHING'], 64_000),
    'deepseek-v3': entry([...TOOLS, 'REASONING', 'PROMPT_CACHING']),
    'deepseek-v4': entry([...TOOLS, 'REASONING', 'PROMPT_CACHING']),
    'grok-3': entry([...SCHEMA, 'PROMPT_CACHING']),
    'grok-3-mini': entry([...SCHEMA, 'REASONING', 'PROMPT_CACHING']),
    'grok-4-0709': entry([...SCHEMA, 'VISION', 'REASONING', 'PROMPT_CACHING']),
    'grok-4-1-fast-reasoning': entry([...SCHEMA, 'VISION', 'REASONING', 'PROMPT_CACHING']),
    'grok-4-1-fast-non-reasoning': entry([...SCHEMA, 'VISION', 'PROMPT_CACHING']),
    'grok-4-fast-reasoning': entry([...SCHEMA, 'VISION', 'REASONING', 'PROMPT_CACHING']),
    'grok-4-fast-non-reasoning': entry([...SCHEMA, 'VISION', 'PROMPT_CACHING']),
    'grok-4.3': entry([...SCHEMA, 'VISION', 'REASONING', 'PROMPT_CACHING']),
    'grok-4.5': entry([...SCHEMA, 'VISION', 'REASONING', 'PROMPT_CACHING']),
    'grok-4.6': entry([...SCHEMA, 'VISION', 'REASONING', 'PROMPT_CACHING']),
    'grok-code-fast-1': entry([...SCHEMA, 'REASONING', 'PROMPT_CACHING']),
    sonar: entry(['STREAMING', 'JSON_SCHEMA', 'VISION']),
    'sonar-reasoning': entry(['STREAMING', 'JSON_SCHEMA', 'REASONING']),
    'sonar-deep-research': entry(['STREAMING', 'JSON_SCHEMA', 'REASONING']),
    'llama-3.3-70b-versatile': entry(TOOLS, 32_768),
    'llama-3.1-8b-instant': entry(TOOLS, 131_072),
    'llama3.1': entry(TOOLS),
    'llama3.2': entry(TOOLS),
    qwen3: entry([...TOOLS, 'REASONING']),
    'openai-gpt-oss': entry([...SCHEMA, 'REASONING']),
    'command-a': entry(SCHEMA, 8_192),
    'command-r': entry(SCHEMA, 4_096),
  }),
);

const UNKNOWN = entry(['STREAMING']);

export function overlayFor(slug: string): OverlayEntry {
  for (let end = slug.length; end > 0; end -= 1) {
    const next = slug.charAt(end);
    if (next !== '' && next !== '-' && next !== '.') continue;
    const found = ENTRIES.get(slug.slice(0, end));
    if (found) return found;
  }
  return UNKNOWN;
}
