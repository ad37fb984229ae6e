import { createHash } from 'node:crypto';

export interface FilePart {
  readonly field: string;
  readonly name: string;
  readonly contentType: string;
  readonly bytes: Uint8Array;
}

/**
 * A body of multipart/form-data (RFC 7578). The boundary is a hash of what it parts, so that the same call is the same bytes; names
 * hold no quotes or line breaks.
 */
export function toMultipart(fields: readonly (readonly [string, string])[], file: FilePart) {
  const hash = createHash('sha256').update(JSON.stringify(fields)).update(file.bytes).digest('hex');
  const boundary = `glidepath-${hash.slice(0, 32)}`;
  const texts = fields.map(([name, value]) => `--${boundary}\r\ncontent-disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`);
  const head = `--${boundary}\r\ncontent-disposition: form-data; name="${file.field}"; filename="${file.name}"\r\ncontent-type: ${file.contentType}\r\n\r\n`;
  const bytes = Buffer.concat([Buffer.from(texts.join('') + head), file.bytes, Buffer.from(`\r\n--${boundary}--\r\n`)]);
  return { contentType: `multipart/form-data; boundary=${boundary}`, bytes };
}
