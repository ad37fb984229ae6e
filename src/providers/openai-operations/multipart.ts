import { createHash } from 'node:crypto';
import type { FileBytes } from '../../core/files.js';

export interface FilePart {
  readonly field: string;
  readonly name: string;
  readonly contentType: string;
  readonly bytes: FileBytes;
}

/**
 * A body of multipart/form-data (RFC 7578), in pieces: the file's are not copied. The boundary is a hash of what it parts, so that the
 * same call is the same bytes, and no caller can write a file that holds it.
 */
export function toMultipart(fields: readonly (readonly [string, string])[], file: FilePart) {
  const hash = createHash('sha256').update(JSON.stringify(fields)).update(file.bytes.sha256).digest('hex');
  const boundary = `glidepath-${hash.slice(0, 32)}`;
  const texts = fields.map(([name, value]) => `--${boundary}\r\ncontent-disposition: form-data; ${named(name)}\r\n\r\n${value}\r\n`);
  const head = `--${boundary}\r\ncontent-disposition: form-data; ${named(file.field)}; filename="${escaped(file.name)}"\r\ncontent-type: ${file.contentType}\r\n\r\n`;
  const pieces = [Buffer.from(texts.join('') + head), ...file.bytes.pieces, Buffer.from(`\r\n--${boundary}--\r\n`)];
  return { contentType: `multipart/form-data; boundary=${boundary}`, bytes: pieces };
}

function named(name: string): string {
  return `name="${escaped(name)}"`;
}

/** As browsers do: https://html.spec.whatwg.org/multipage/form-control-infrastructure.html#multipart-form-data */
function escaped(name: string): string {
  return name.replaceAll('"', '%22').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}
