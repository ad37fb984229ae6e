import { readdirSync, readFileSync } from 'node:fs';

/** CPU time of a process so far, in µs; null where the system does not tell. */
export function cpuTimeUs(pid: number): number | null {
  try {
    return threadsTimeUs(pid) ?? ticksUs(pid);
  } catch {
    return null;
  }
}

/** The kernel's own account of each thread, in ns (Linux, Documentation/scheduler/sched-stats.rst). */
function threadsTimeUs(pid: number): number | null {
  let sumNs = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    const [runningNs] = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ');
    sumNs += Number(runningNs);
  }
  return sumNs > 0 ? sumNs / 1_000 : null;
}

/** utime and stime of /proc/<pid>/stat, in hundredths of a second: coarse, and always there on Linux. */
function ticksUs(pid: number): number {
  const afterName = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
  return (Number(afterName[11]) + Number(afterName[12])) * 10_000;
}
