import { createHash } from 'node:crypto';
import { crc32, deflateSync } from 'node:zlib';

const EDGE = 64;
const STRIPES = 8;
const PNG_SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

/** A small PNG (https://www.w3.org/TR/png-3/) of stripes, in colours that its text decides. */
export function picture(text: string): Buffer {
  const colours = createHash('sha256').update(text).digest();
  const rows = Array.from({ length: EDGE }, (_, row) => {
    const at = Math.floor((row * STRIPES) / EDGE) * 3;
    const pixel = [colours[at] ?? 0, colours[at + 1] ?? 0, colours[at + 2] ?? 0];
    return [0, ...Array.from({ length: EDGE }, () => pixel).flat()];
  });
  const header = Buffer.alloc(13);
  header.writeUInt32BE(EDGE, 0);
  header.writeUInt32BE(EDGE, 4);
  // Eight bits a channel, red, green and blue.
  header.set([8, 2, 0, 0, 0], 8);
  return Buffer.concat([
    PNG_SIGNATURE,
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(Buffer.from(rows.flat()))),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function chunk(type: string, data: Buffer): Buffer {
  const named = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const frame = Buffer.alloc(8 + named.byteLength);
  frame.writeUInt32BE(data.byteLength, 0);
  named.copy(frame, 4);
  frame.writeUInt32BE(crc32(named) >>> 0, 4 + named.byteLength);
  return frame;
}

const SAMPLE_RATE = 8_000;
const HEADER_BYTES = 44;
const SAMPLES_PER_WORD = 2_000;
const MOST_WORDS = 200;

/** A WAV file, 8 kHz and 8 bit, with a short tone for each word. */
export function recording(text: string): Buffer {
  const words = text
    .split(/\s+/)
    .filter((word) => word !== '')
    .slice(0, MOST_WORDS);
  const samples = Buffer.alloc(words.length * SAMPLES_PER_WORD, 128);
  words.forEach((word, index) => {
    const pitch = 220 + (createHash('sha256').update(word).digest().readUInt16BE(0) % 440);
    for (let at = 0; at < SAMPLES_PER_WORD / 2; at += 1)
      samples[index * SAMPLES_PER_WORD + at] = 128 + Math.round(60 * Math.sin((2 * Math.PI * pitch * at) / SAMPLE_RATE));
  });
  return Buffer.concat([wavHeader(samples.byteLength), samples]);
}

function wavHeader(bytes: number): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.write('RIFF', 0, 'latin1');
  header.writeUInt32LE(HEADER_BYTES - 8 + bytes, 4);
  header.write('WAVEfmt ', 8, 'latin1');
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(1, 20);
  header.writeUInt16LE(1, 22);
  header.writeUInt32LE(SAMPLE_RATE, 24);
  header.writeUInt32LE(SAMPLE_RATE, 28);
  header.writeUInt16LE(1, 32);
  header.writeUInt16LE(8, 34);
  header.write('data', 36, 'latin1');
  header.writeUInt32LE(bytes, 40);
  return header;
}

/** From `WAVEfmt ` on, the field that says how many bytes a second takes. */
const BYTE_RATE_AT = 20;

/**
 * How long the recording in a form's bytes is, in whole seconds, begun ones included: as its WAV header says, so that the bill is what was
 * expected; one without a header counts as if it were the sandbox's own.
 */
export function secondsOfRecording(form: Buffer): number {
  const format = form.indexOf('WAVEfmt ', 0, 'latin1');
  const data = format === -1 ? -1 : form.indexOf('data', format + BYTE_RATE_AT + 4, 'latin1');
  if (data === -1 || data + 8 > form.byteLength) return Math.max(1, Math.round(form.byteLength / SAMPLE_RATE));
  const bytesPerSecond = form.readUInt32LE(format + BYTE_RATE_AT) || SAMPLE_RATE;
  const bytes = Math.min(form.readUInt32LE(data + 4), form.byteLength - data - 8);
  return Math.max(1, Math.ceil(bytes / bytesPerSecond));
}
