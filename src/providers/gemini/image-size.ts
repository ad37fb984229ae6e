import type { ImageSizes } from './families.js';

/** What every model takes: https://ai.google.dev/gemini-api/docs/image-generation#aspect_ratios_and_image_size */
const RATIOS = ['1:1', '2:3', '3:2', '3:4', '4:3', '4:5', '5:4', '9:16', '16:9', '21:9'] as const;

export interface VendorSize {
  readonly aspectRatio: string;
  readonly imageSize: string;
  /** The picture has the very pixels that were asked for. */
  readonly isExact: boolean;
}

/** The vendor's nearest to a size in pixels, as 1024x1536: by shape first, then by the number of pixels. */
export function toVendorSize(size: string, sizes: ImageSizes): VendorSize {
  const [width = 1, height = 1] = size.split('x').map(Number);
  const aspectRatio = nearest(RATIOS, width / height, ratioOf);
  const imageSize = nearest(Object.keys(sizes), Math.sqrt(width * height), (word) => sizes[word] ?? 1);
  return { aspectRatio, imageSize, isExact: width === height && width === sizes[imageSize] };
}

function ratioOf(ratio: string): number {
  const [width = 1, height = 1] = ratio.split(':').map(Number);
  return width / height;
}

/** By proportion, so that twice as large and half as large are as far. */
function nearest(words: readonly string[], wanted: number, valueOf: (word: string) => number): string {
  const distance = (word: string) => Math.abs(Math.log(valueOf(word) / wanted));
  return words.reduce((best, word) => (distance(word) < distance(best) ? word : best), words[0] ?? '');
}
