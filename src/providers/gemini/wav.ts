/** Samples of 16 bits in the order of small machines, one channel. */
export interface Pcm {
  readonly samples: Buffer;
  /** Samples a second. */
  readonly rate: number;
}

const HEADER_BYTES = 44;
const CHUNK_HEAD_BYTES = 8;
const BYTES_PER_SAMPLE = 2;
const INTEGER_PCM = 1;

/** The samples as a file: RIFF, a chunk that says what they are, and the samples (Multimedia Programming Interface 1.0, 1991). */
export function toWav({ samples, rate }: Pcm): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.write('RIFF', 0, 'latin1');
  header.writeUInt32LE(HEADER_BYTES - CHUNK_HEAD_BYTES + samples.byteLength, 4);
  header.write('WAVEfmt ', 8, 'latin1');
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(INTEGER_PCM, 20);
  header.writeUInt16LE(1, 22);
  header.writeUInt32LE(rate, 24);
  header.writeUInt32LE(rate * BYTES_PER_SAMPLE, 28);
  header.writeUInt16LE(BYTES_PER_SAMPLE, 32);
  header.writeUInt16LE(BYTES_PER_SAMPLE * 8, 34);
  header.write('data', 36, 'latin1');
  header.writeUInt32LE(samples.byteLength, 40);
  return Buffer.concat([header, samples]);
}

export function isWav(bytes: Buffer): boolean {
  return bytes.toString('latin1', 0, 4) === 'RIFF' && bytes.toString('latin1', 8, 12) === 'WAVE';
}

/** The samples of a file, as far as they are there; null where it holds others than ours. */
export function fromWav(bytes: Buffer): Pcm | null {
  if (!isWav(bytes)) return null;
  let rate: number | null = null;
  for (let at = 12; at + CHUNK_HEAD_BYTES <= bytes.byteLength;) {
    const name = bytes.toString('latin1', at, at + 4);
    const size = bytes.readUInt32LE(at + 4);
    const content = bytes.subarray(at + CHUNK_HEAD_BYTES, at + CHUNK_HEAD_BYTES + size);
    if (name === 'fmt ') rate = rateOf(content);
    if (name === 'data') return rate === null ? null : { samples: content, rate };
    // A chunk of odd length is followed by a byte that belongs to none.
    at += CHUNK_HEAD_BYTES + size + (size % 2);
  }
  return null;
}

function rateOf(format: Buffer): number | null {
  if (format.byteLength < 16) return null;
  const isOurs = format.readUInt16LE(0) === INTEGER_PCM && format.readUInt16LE(2) === 1 && format.readUInt16LE(14) === BYTES_PER_SAMPLE * 8;
  return isOurs ? format.readUInt32LE(4) : null;
}
