import type { IncomingMessage } from 'node:http';
import { Busboy, type BusboyFileStream, type BusboyInstance } from '@fastify/busboy';
import type { Cancel, Clock } from '../../core/clock.js';
import { LARGEST_FILE_BYTES } from '../../core/files.js';
import { LIMITS } from '../limits.js';
import { brokenOff, FormProblem, quoted } from './problem.js';

export interface FilePart {
  /** Of the form's field. */
  readonly field: string;
  readonly name: string | null;
  readonly mimeType: string | null;
}

/** What is made of a form's parts. Where it throws, nothing more is read. */
export interface FormListener {
  /** False: nothing more is wanted. */
  onField(name: string, value: string): boolean;
  onFile(part: FilePart): FileListener;
}

export interface FileListener {
  onData(chunk: Uint8Array): void;
  onEnd(): void;
  /** More than may come. */
  onTooLarge(): FormProblem;
}

/** The fields that are text; whatever else comes is a file. */
const TEXTS: ReadonlySet<string | undefined> = new Set(['operations', 'map']);
const HEADER_BYTES = 4_096;
const LARGEST_FORM_BYTES = LIMITS.bodyBytes + LARGEST_FILE_BYTES + 64 * 1024;
/** What tells no kind. */
const UNTOLD: ReadonlySet<string> = new Set(['application/octet-stream', 'text/plain']);

/**
 * Reads a body of multipart/form-data (RFC 7578) part by part, while it comes in.
 * 1. Two texts and a file, each bounded, as is the whole.
 * 2. Who sends nothing for a while is not waited for; who leaves ends it.
 * 3. What a refused body still holds is thrown away, so that its sender comes to read the answer; beyond the bound the connection is cut.
 * Rejects with what the listener threw, or a FormProblem.
 */
export async function readForm(request: IncomingMessage, { clock, listener }: { clock: Clock; listener: FormListener }): Promise<void> {
  if (Number(request.headers['content-length'] ?? 0) > LARGEST_FORM_BYTES) throw tooLarge();
  const parser = createParser(request.headers);
  let stop: () => void = () => undefined;
  try {
    await new Promise<void>((resolve, reject) => {
      stop = feed(request, parser, { clock, reject });
      hear(parser, listener, { resolve, reject });
    });
  } finally {
    stop();
  }
}

function createParser(headers: IncomingMessage['headers']): BusboyInstance {
  try {
    return new Busboy({
      headers: { ...headers, 'content-type': headers['content-type'] ?? '' },
      isPartAFile: (field) => !TEXTS.has(field),
      limits: {
        ...{ fields: 2, files: 1, parts: 4, headerPairs: 20, headerSize: HEADER_BYTES },
        ...{ fieldSize: LIMITS.bodyBytes, fileSize: LARGEST_FILE_BYTES },
      },
    });
  } catch {
    throw new FormProblem('The content type names no boundary.');
  }
}

interface Settling {
  resolve(): void;
  reject(problem: unknown): void;
}

/** Hands the bytes to the parser; what it returns ends that, and has the rest thrown away. */
function feed(request: IncomingMessage, parser: BusboyInstance, { clock, reject }: { clock: Clock } & Pick<Settling, 'reject'>) {
  let size = 0;
  let over = false;
  let lastMs = clock.monotonicMs();
  const stopWatching = watchStall(clock, { lastMs: () => lastMs, onStall: () => reject(stalled()) });
  request.on('data', (chunk: Buffer) => {
    size += chunk.byteLength;
    lastMs = clock.monotonicMs();
    if (size > LARGEST_FORM_BYTES) {
      if (over) request.destroy();
      reject(tooLarge());
    } else if (!over && !parser.write(chunk)) request.pause();
  });
  parser.on('drain', () => request.resume());
  request.on('end', () => over || parser.end());
  const onGone = () => request.complete || reject(brokenOff());
  request.on('error', onGone);
  request.once('close', onGone);
  if (request.destroyed) onGone();
  return () => {
    over = true;
    stopWatching();
    request.resume();
  };
}

/** One timer that looks back, instead of one more for every chunk. */
function watchStall(clock: Clock, { lastMs, onStall }: { readonly lastMs: () => number; readonly onStall: () => void }): Cancel {
  let cancel: Cancel = () => undefined;
  const look = () => {
    const leftMs = lastMs() + LIMITS.uploadStallMs - clock.monotonicMs();
    if (leftMs <= 0) onStall();
    else cancel = clock.after(leftMs, look);
  };
  look();
  return () => cancel();
}

/** The parser's events as the listener's. It may tell of faults more than once. */
function hear(parser: BusboyInstance, listener: FormListener, { resolve, reject }: Settling): void {
  const guarded = (act: () => void) => {
    try {
      act();
    } catch (problem) {
      reject(problem);
    }
  };
  parser.on('field', (...[name, value, , valueCut]) =>
    guarded(() => {
      if (valueCut) throw new FormProblem(`${quoted(name)} is larger than ${LIMITS.bodyBytes} bytes.`, 413);
      if (!listener.onField(name, value)) resolve();
    }),
  );
  parser.on('file', (...[field, stream, name, encoding, mimeType]) => {
    // Until it is heard, the parser does not go on.
    stream.on('error', () => reject(cutOff()));
    guarded(() => {
      if (!['7bit', '8bit', 'binary'].includes(encoding)) throw new FormProblem(`${quoted(field)} must be sent as it is, not as ${quoted(encoding)}.`); // prettier-ignore
      const part = { field, name: isText(name) ? name : null, mimeType: UNTOLD.has(mimeType) ? null : mimeType };
      hearFile(stream, listener.onFile(part), { guarded, reject });
    });
  });
  parser.on('filesLimit', () => reject(new FormProblem('More than one file came: an operation takes one.')));
  parser.on('fieldsLimit', () => reject(strangeParts()));
  parser.on('partsLimit', () => reject(strangeParts()));
  parser.on('error', () => reject(cutOff()));
  parser.on('finish', () => resolve());
}

function hearFile(
  stream: BusboyFileStream,
  file: FileListener,
  { guarded, reject }: { guarded: (act: () => void) => void } & Pick<Settling, 'reject'>,
): void {
  stream.on('limit', () => reject(file.onTooLarge()));
  stream.on('data', (chunk: Uint8Array) => guarded(() => file.onData(chunk)));
  stream.on('end', () => guarded(() => file.onEnd()));
}

/** The parser's types promise a name, which a part need not have. */
function isText(name: unknown): name is string {
  return typeof name === 'string' && name !== '';
}

function tooLarge(): FormProblem {
  return new FormProblem(`The form is larger than ${LARGEST_FORM_BYTES} bytes.`, 413);
}

function stalled(): FormProblem {
  return new FormProblem(`Nothing came for ${LIMITS.uploadStallMs} ms.`, 408);
}

function cutOff(): FormProblem {
  return new FormProblem('The form is no multipart/form-data, or is cut off.');
}

function strangeParts(): FormProblem {
  return new FormProblem('The form must hold `operations`, `map` and the file that it names, and nothing else.');
}
