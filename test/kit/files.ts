import { FileBytes, UploadedFile } from '../../src/core/files.js';

/** A file as the door hands it on, of a text or bytes. */
export function fileOf(
  content: string | Uint8Array,
  { name = null, mimeType = null }: Partial<Pick<UploadedFile, 'name' | 'mimeType'>> = {},
) {
  return new UploadedFile(new FileBytes([Buffer.from(content)]), name, mimeType);
}
