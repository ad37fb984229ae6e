import type { JsonObject, JsonValue } from '../../core/json.js';
import type { TranscriptSegment } from '../../core/operations.js';
import { listOf, objectOf, textOf } from '../json-read.js';

/** What one part of the answer tells: one speaker's words, until another speaks. */
export interface Turn {
  readonly text: string;
  readonly words: readonly TranscriptSegment[];
}

/**
 * The turns in the order in which they were spoken, in which the vendor does not always tell them. One that comes without a
 * text of the part's own has no blank at its borders.
 */
export function turnsOf(parts: readonly JsonObject[]): readonly Turn[] {
  const turns = parts.map((part) => {
    const told = objectOf(part['audioTranscription']);
    const words = listOf(told['words']).flatMap(timedWord);
    const own = textOf(part['text']);
    return { own, text: own ?? textOf(told['text']) ?? words.map(({ text }) => text).join(' '), words };
  });
  const spoken = turns.every(({ words }) => words.length > 0) ? turns.toSorted((one, other) => startOf(one) - startOf(other)) : turns;
  const filled = spoken.filter(({ text }) => text !== '');
  return filled.map(({ own, text, words }, position) => ({ text: position === 0 || own !== null ? text : ` ${text}`, words }));
}

function startOf({ words }: Pick<Turn, 'words'>): number {
  return words[0]?.startSeconds ?? 0;
}

/** A start at nothing may be left out. */
function timedWord(value: JsonValue): readonly TranscriptSegment[] {
  const { word, startOffset = '0s', endOffset } = objectOf(value);
  const [text, startSeconds, endSeconds] = [textOf(word)?.trim() ?? '', secondsOf(startOffset), secondsOf(endOffset)];
  return text === '' || startSeconds === null || endSeconds === null ? [] : [{ text, startSeconds, endSeconds }];
}

/** google.protobuf.Duration in JSON: "1.200s". */
function secondsOf(value: JsonValue | undefined): number | null {
  const seconds = /^(\d+(?:\.\d+)?)s$/.exec(textOf(value) ?? '')?.[1];
  return seconds === undefined ? null : Number(seconds);
}

const SENTENCE_END = /[.!?…。？！]["'”’)]?$/u;
/** As long as a subtitle stays readable. */
const LONGEST_SECONDS = 15;

/** Words that were timed one by one, put together to sentences. */
export function segmentsOf({ text, words }: Turn): readonly TranscriptSegment[] {
  const groups: TranscriptSegment[][] = [];
  for (const word of words) {
    const last = groups.at(-1);
    const ended = last === undefined || SENTENCE_END.test(last.at(-1)?.text ?? '');
    const tooLong = word.endSeconds - (last?.[0]?.startSeconds ?? 0) > LONGEST_SECONDS;
    if (last === undefined || ended || tooLong) groups.push([word]);
    else last.push(word);
  }
  let from = 0;
  return groups.map((group) => {
    const span = spanOf(group, text, from);
    from = span?.end ?? from;
    const said = span === null ? group.map((word) => word.text).join(' ') : text.slice(span.start, span.end);
    return { startSeconds: group[0]?.startSeconds ?? 0, endSeconds: group.at(-1)?.endSeconds ?? 0, text: said };
  });
}

/** Where the words stand in the text, which knows the blanks between them; null where it has other words. */
function spanOf(group: readonly TranscriptSegment[], text: string, from: number): { readonly start: number; readonly end: number } | null {
  let start: number | null = null;
  let end = from;
  for (const word of group) {
    const at = text.indexOf(word.text, end);
    if (at === -1) return null;
    start ??= at;
    end = at + word.text.length;
  }
  return start === null ? null : { start, end };
}
