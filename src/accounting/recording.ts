import type { FileBytes } from '../core/files.js';

/** How long a recording is, in whole seconds, begun ones included. */
export interface RecordingLength {
  readonly usual: number;
  readonly most: number;
  /** Its header tells: usual and most are the same. */
  readonly isKnown: boolean;
}

/** Headers that tell a length lie within this. */
const HEADER_BYTES = 4_096;
/** Of a usual recording: 128 kbit a second. */
const USUAL_BYTES_PER_SECOND = 16_000;
/** Of the densest speech that is in use: Opus goes down to 6 kbit a second (https://www.rfc-editor.org/rfc/rfc6716#section-2.1.1). */
const LEAST_BYTES_PER_SECOND = 750;

/** Nobody here decodes audio: what WAV and FLAC say of themselves, else by the size. */
export function lengthOfRecording(bytes: FileBytes): RecordingLength {
  const header = bytes.head(HEADER_BYTES);
  const told = secondsOfWav(header, bytes.size) ?? secondsOfFlac(header);
  const at = (bytesPerSecond: number) => Math.ceil(bytes.size / bytesPerSecond);
  if (told === null) return { usual: at(USUAL_BYTES_PER_SECOND), most: at(LEAST_BYTES_PER_SECOND), isKnown: false };
  return { usual: Math.ceil(told), most: Math.ceil(told), isKnown: true };
}

/** http://soundfile.sapp.org/doc/WaveFormat/: chunks of a name, a length and so many bytes, padded to even. */
function secondsOfWav(header: Buffer, size: number): number | null {
  if (header.byteLength < 12 || nameAt(header, 0) !== 'RIFF' || nameAt(header, 8) !== 'WAVE') return null;
  let bytesPerSecond = 0;
  for (let at = 12; at + 8 <= header.byteLength;) {
    const [name, length] = [nameAt(header, at), header.readUInt32LE(at + 4)];
    if (name === 'fmt ' && at + 20 <= header.byteLength) bytesPerSecond = header.readUInt32LE(at + 16);
    // Who writes while recording leaves the length open: then what follows is all sound.
    if (name === 'data') return bytesPerSecond === 0 ? null : Math.min(length === 0 ? Infinity : length, size - at - 8) / bytesPerSecond;
    at += 8 + length + (length % 2);
  }
  return null;
}

/** https://www.rfc-editor.org/rfc/rfc9639#section-8.2: 20 bits of samples a second, 36 of samples in all; 0 where they are unknown. */
function secondsOfFlac(header: Buffer): number | null {
  if (header.byteLength < 26 || nameAt(header, 0) !== 'fLaC') return null;
  const samplesPerSecond = header.readUIntBE(18, 3) >>> 4;
  const samples = (header.readUInt8(21) & 0x0f) * 2 ** 32 + header.readUInt32BE(22);
  return samplesPerSecond === 0 || samples === 0 ? null : samples / samplesPerSecond;
}

function nameAt(header: Buffer, at: number): string {
  return header.toString('latin1', at, at + 4);
}
