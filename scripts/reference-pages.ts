import { SETTLED_OUTCOMES, WHO_PAYS } from '../src/accounting/outcomes.js';
import type { UnreportedUsage } from '../src/accounting/outcomes.js';
import { CODE_OF_FAILURE, ERROR_CATALOGUE, TOP_LEVEL_CODES } from '../src/core/errors.js';
import { FAILURE_POLICIES, type FailurePolicy } from '../src/core/failures.js';
import { ERROR_CODES, FAILURE_CLASSES } from '../src/core/vocabulary.js';
import { PRESETS } from '../src/providers/presets.js';
import { providersMatrix } from './providers-page.js';

export interface ReferencePage {
  readonly name: string;
  readonly text: string;
}

/** The pages of docs/reference, and one beside it, made of the tables that the product itself runs on. */
export function referencePages(): readonly ReferencePage[] {
  return [
    { name: 'errors.md', text: errorsPage() },
    { name: 'failures.md', text: failuresPage() },
    { name: 'outcomes.md', text: outcomesPage() },
    { name: 'providers.md', text: providersPage() },
    // Beside the folder: it is read by whoever chooses a vendor.
    { name: '../providers.md', text: page('Providers', providersMatrix(table)) },
  ];
}

const GENERATED = '<!-- Generated from the tables in src/ by `npm run docs`; do not edit. -->';

function errorsPage(): string {
  const rows = ERROR_CODES.map((code) => {
    const { type, retryable, message } = ERROR_CATALOGUE[code];
    const classes = FAILURE_CLASSES.filter((name) => CODE_OF_FAILURE[name] === code);
    return [`\`${code}\``, `\`${type}\``, retryable ? 'yes' : 'no', classes.map((name) => `\`${name}\``).join(', '), message];
  });
  return page('Errors', [
    'Expected errors are data: members of the result unions, each with a `code`. Retryable means that the same input may',
    'succeed later; with an idempotency key, take a new one if anything was sent upstream. The message is the usual one;',
    'where more is known, more is said.',
    '',
    ...table(['code', 'type', 'retryable', 'from failure class', 'message'], rows),
    '',
    '## Top-level errors',
    '',
    'What ends a whole operation carries one of these in `extensions.code`, beside `extensions.requestId`:',
    '',
    ...TOP_LEVEL_CODES.map((code) => `- \`${code}\``),
  ]);
}

const AGAIN: Readonly<Record<FailurePolicy['sameTarget'], string>> = {
  no: 'no',
  yes: 'yes',
  once: 'once',
  'once-corrected': 'once, corrected, and remembered for the deployment',
  'after-retry-after': 'only where no other target is healthy: after Retry-After',
  'before-content': 'before the first content',
};

const NEXT: Readonly<Record<FailurePolicy['nextTarget'], string>> = {
  no: 'no',
  yes: 'yes',
  'larger-window': 'yes, to a larger context window',
  'if-route-says': 'only where the route says so',
  'before-content': 'before the first content',
};

const HEALTH: Readonly<Record<FailurePolicy['health'], string>> = {
  none: 'no',
  counts: 'yes',
  cooldown: 'cools down until the latest known deadline',
  'close-target': 'closes the target',
};

function failuresPage(): string {
  const rows = FAILURE_CLASSES.map((name) => {
    const { from, sameTarget, nextTarget, health } = FAILURE_POLICIES[name];
    return [`\`${name}\``, from, AGAIN[sameTarget], NEXT[nextTarget], HEALTH[health], `\`${CODE_OF_FAILURE[name]}\``];
  });
  return page('Failure classes', [
    'What went wrong with one upstream call decides what happens next. After the first content reached the caller nothing is',
    'restarted in silence, whatever the class. The code is what the caller sees where this was the last attempt.',
    '',
    ...table(['class', 'from', 'same target again', 'next target', 'counts against health', 'code'], rows),
  ]);
}

const UNREPORTED: Readonly<Record<UnreportedUsage, string>> = {
  'prompt-and-delivered': 'the prompt and what was delivered, estimated and flagged',
  'prompt-if-accepted': 'the prompt, estimated and flagged, where a request had reached the provider; else nothing',
  nothing: 'nothing',
};

function outcomesPage(): string {
  const rows = SETTLED_OUTCOMES.map((outcome) => {
    const { title, outputSeen, noOutput } = WHO_PAYS[outcome];
    return [title, 'as reported', UNREPORTED[outputSeen], UNREPORTED[noOutput]];
  });
  return page('Who pays, by outcome', [
    'Every upstream call that was billed counts, also a failed one; an inference costs the sum of its attempts. What the provider',
    'reported always stands. Estimates count UTF-8 bytes by four; such rows say `ESTIMATED` and carry the warning `estimated_usage`.',
    'A provider’s timeout is its error; the end of the call’s own time, a stop and a crash are the gateway’s. After a crash the',
    'journal tells what was delivered, as far as a second before.',
    '',
    ...table(['outcome', 'usage reported', 'not reported, output seen', 'not reported, no output'], rows),
    '',
    'Refused before anything was sent: nothing. A deployment with `onCancel: DRAIN` is read to its end after its caller has left, for',
    'at most a minute, so that a cancelled call is booked as reported.',
  ]);
}

function providersPage(): string {
  const rows = [...PRESETS]
    .toSorted((one, other) => one.name.localeCompare(other.name, 'en'))
    .map(({ name, displayName, wireFormat, baseUrl, regionalUrl = null, environmentVariable, models }) => [
      `\`${name}\``,
      displayName,
      `\`${wireFormat}\``,
      (baseUrl ?? regionalUrl) === null ? 'given by you' : `\`${baseUrl ?? regionalUrl ?? ''}\``,
      environmentVariable === null ? '' : `\`${environmentVariable}\``,
      models.map(({ model }) => `\`${model}\``).join(', '),
    ]);
  return page('Provider presets', [
    '`createProvider(input: {preset: …})` fills in what a vendor is known by; a variable set in the environment does the same at the',
    'start. Any other vendor that speaks one of the wire formats is made with `wireFormat` and `baseUrl`.',
    '',
    ...table(['preset', 'vendor', 'wire format', 'address', 'variable', 'models at first'], rows),
  ]);
}

function page(title: string, lines: readonly string[]): string {
  return [GENERATED, '', `# ${title}`, '', ...lines, ''].join('\n');
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)];
}
