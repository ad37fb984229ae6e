import type { AnswerDelta } from '../../src/core/answer.js';
import type { WireFormat } from '../../src/core/vocabulary.js';
import { createSseDecoder } from '../../src/providers/sse.js';
import { chatApi } from '../providers/support.js';

/** All deltas of a stream whose bytes come in these pieces and end in order; `onPiece` hears those of each piece. */
export function readBytes(
  wireFormat: WireFormat,
  pieces: readonly Uint8Array[],
  onPiece: (deltas: readonly AnswerDelta[]) => void = () => undefined,
): readonly AnswerDelta[] {
  const { createDecoder = createSseDecoder, createStreamReader } = chatApi(wireFormat);
  const reader = createStreamReader();
  const all: AnswerDelta[] = [];
  let told: AnswerDelta[] = [];
  const decoder = createDecoder((frame) => told.push(...reader.read(frame)));
  const flush = () => {
    all.push(...told);
    if (told.length > 0) onPiece(told);
    told = [];
  };
  for (const piece of pieces) {
    decoder.push(piece);
    flush();
  }
  decoder.end();
  told.push(...reader.close());
  flush();
  return all;
}
