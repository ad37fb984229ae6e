import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** As V8 writes it (https://chromedevtools.github.io/devtools-protocol/tot/Profiler/#type-Profile); instants and deltas in µs. */
interface CpuProfile {
  readonly nodes: readonly { readonly id: number; readonly callFrame: { readonly functionName: string; readonly url: string } }[];
  readonly startTime: number;
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

export interface Share {
  readonly place: string;
  readonly percent: number;
}

/** Where the busy time went between two instants of the monotonic clock (µs), by folder of ours or package; the largest first. */
export async function sharesOf(folder: string, fromUs: number, toUs: number): Promise<readonly Share[]> {
  const timeByPlace = new Map<string, number>();
  for (const file of await readdir(folder)) {
    if (!file.endsWith('.cpuprofile')) continue;
    const profile = JSON.parse(await readFile(join(folder, file), 'utf8')) as CpuProfile;
    addSelfTimes(timeByPlace, profile, { fromUs, toUs });
  }
  const totalUs = [...timeByPlace.values()].reduce((sum, time) => sum + time, 0);
  return [...timeByPlace].map(([place, time]) => ({ place, percent: (100 * time) / totalUs })).toSorted((a, b) => b.percent - a.percent);
}

function addSelfTimes(timeByPlace: Map<string, number>, profile: CpuProfile, { fromUs, toUs }: { fromUs: number; toUs: number }): void {
  const places = new Map(profile.nodes.map(({ id, callFrame }) => [id, placeOf(callFrame.url, callFrame.functionName)]));
  let atUs = profile.startTime;
  for (const [position, node] of profile.samples.entries()) {
    const deltaUs = profile.timeDeltas[position] ?? 0;
    atUs += deltaUs;
    const place = places.get(node) ?? null;
    if (place !== null && atUs >= fromUs && atUs <= toUs) timeByPlace.set(place, (timeByPlace.get(place) ?? 0) + deltaUs);
  }
}

/** Null where nothing was done. */
function placeOf(url: string, functionName: string): string | null {
  if (functionName === '(idle)') return null;
  if (functionName === '(garbage collector)') return 'garbage collection';
  const ours = /\/(?:dist\/)?src\/([^/]+)/.exec(url);
  const theirs = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url);
  if (theirs?.[1] !== undefined) return theirs[1];
  if (ours?.[1] !== undefined) return `src/${ours[1]}`;
  return url.startsWith('node:') ? `node:${url.slice(5).split('/').slice(0, 2).join('/')}` : 'native (sockets, JSON, hashing …)';
}
