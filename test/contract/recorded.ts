import type { SseFrame } from '../../src/providers/contract.js';
import type { WireFormat } from '../../src/core/vocabulary.js';
import { awsEvent } from '../kit/aws-frames.js';

/** Where a format's recorded exchanges lie, in test/fixtures. */
export const RECORDED_IN: Readonly<Record<WireFormat, string>> = {
  OPENAI_CHAT: 'openai-chat',
  ANTHROPIC_MESSAGES: 'anthropic',
  GEMINI: 'gemini',
  OPENAI_RESPONSES: 'openai-responses',
  BEDROCK_CONVERSE: 'bedrock',
};

/** A recorded stream's events as the bytes that a vendor sends. */
export function bytesOf(frames: readonly SseFrame[], wireFormat: WireFormat): Buffer {
  if (wireFormat === 'BEDROCK_CONVERSE')
    return Buffer.concat(frames.map(({ data }) => awsEvent(JSON.parse(data) as Record<string, unknown>)));
  const lines = frames.map(({ event, data }) => `${event === null ? '' : `event: ${event}\n`}data: ${data}\n\n`);
  return Buffer.from(lines.join(''));
}
