import { isContent } from '../core/answer.js';
import type { AnswerDelta } from '../core/answer.js';
import { makeAttempt, OUTRUN } from './attempt.js';
import type { Attempt, DispatchWatch, Hedge } from './contract.js';
import type { Journey, Tools } from './journey.js';
import { pause } from './pause.js';
import { leadsTo } from './succession.js';
import type { Leg } from './walk-state.js';

/** What came of a target that a second one may have joined: the attempt that counts, which is the journey's last. */
export interface Raced {
  readonly attempt: Attempt;
  readonly leg: Leg;
}

export interface RaceEntry {
  readonly leg: Leg;
  readonly to: Leg;
  readonly hedge: Hedge;
}

/**
 * One attempt, and a second one beside it where the first is slow:
 * 1. The first target is asked. Where its first content (of a unary answer: the whole) has not come in the hedge's time, the
 *    second target is healthy and the extra load allows it, that one is asked too.
 * 2. Nothing of either is told before it has content. Whoever has that first wins; the other's socket is closed at once, and
 *    it is billed as a call that was cancelled.
 * 3. One that fails leaves the race to the other. What no other target can cure (by the table, or the route) ends both.
 */
export async function race(journey: Journey, { leg, to, hedge }: RaceEntry, tools: Tools): Promise<Raced> {
  const { clock, health, hedges } = tools;
  const ring = createRing(journey, tools);
  hedges.earn(hedge.node, hedge.maxExtraLoad);
  const first = enter(ring, leg);
  const waited = await pause(hedge.afterMs, decidedBy(first, ring), clock);
  const mayHedge = waited && !journey.watch.signal.aborted && health.block(to.deployment) === null;
  if (!mayHedge || !hedges.spend(hedge.node) || !health.admit(to.deployment)) return { attempt: await first.ended, leg };
  tools.budget.countAttempt(to.deployment.id, false);
  const second = enter(ring, to);
  const counted = await runBoth(first, second, ring);
  const { attempts } = journey;
  // The last one's answer is the outcome's.
  attempts.push(...attempts.splice(attempts.indexOf(counted.attempt), 1));
  return counted;
}

interface Contender {
  readonly leg: Leg;
  readonly controller: AbortController;
  /** Told to nobody before it has won. */
  readonly held: (readonly AnswerDelta[])[];
  started: Attempt | null;
  ended: Promise<Attempt>;
  over: boolean;
}

/** The state of one race. */
interface Ring {
  readonly journey: Journey;
  readonly tools: Tools;
  readonly contenders: Contender[];
  readonly won: Promise<void>;
  readonly tellWon: () => void;
  winner: Contender | null;
}

function createRing(journey: Journey, tools: Tools): Ring {
  let tellWon: () => void = () => undefined;
  const won = new Promise<void>((resolve) => {
    tellWon = resolve;
  });
  return { journey, tools, contenders: [], won, tellWon, winner: null };
}

function enter(ring: Ring, leg: Leg): Contender {
  const { journey, tools, contenders } = ring;
  const { signal } = journey.watch;
  const controller = new AbortController();
  const contender: Contender = { leg, controller, held: [], started: null, ended: new Promise(() => undefined), over: false };
  contenders.push(contender);
  const follow = () => controller.abort(signal.reason);
  signal.addEventListener('abort', follow, { once: true });
  if (signal.aborted) follow();
  const ended = makeAttempt({ ...journey, watch: watchOf(contender, ring) }, leg, tools);
  contender.ended = ended.finally(() => {
    contender.over = true;
    signal.removeEventListener('abort', follow);
  });
  return contender;
}

function watchOf(contender: Contender, ring: Ring): DispatchWatch {
  const { watch } = ring.journey;
  const { mayDrain } = watch;
  return {
    ...watch,
    signal: contender.controller.signal,
    onAttemptStarted(attempt) {
      contender.started = attempt;
      watch.onAttemptStarted?.(attempt);
    },
    onDeltas(deltas) {
      if (ring.winner === contender) watch.onDeltas(deltas);
      if (ring.winner) return;
      contender.held.push(deltas);
      if (deltas.some(isContent)) claim(contender, ring);
    },
    // Two are not read on: the books wait for one of them.
    ...(mayDrain ? { mayDrain: () => (ring.winner === contender || ring.contenders.length === 1) && mayDrain() } : {}),
  };
}

function claim(contender: Contender, ring: Ring): void {
  if (ring.winner) return;
  ring.winner = contender;
  for (const other of ring.contenders) if (other !== contender) outrun(other, ring);
  for (const deltas of contender.held.splice(0)) ring.journey.watch.onDeltas(deltas);
  ring.tellWon();
}

function outrun({ started, controller, over }: Contender, { journey }: Ring): void {
  if (over || controller.signal.aborted) return;
  if (started) journey.watch.onAttemptOutrun?.({ ...started, status: 'CANCELLED', accepted: true, outrun: true });
  controller.abort(OUTRUN);
}

/** Aborts when it has content, or has ended. */
function decidedBy({ ended }: Contender, { won }: Ring): AbortSignal {
  const over = new AbortController();
  const tell = () => over.abort();
  void Promise.race([won, ended]).then(tell, tell);
  return over.signal;
}

/** Both to their end; whose attempt counts. */
async function runBoth(first: Contender, second: Contender, ring: Ring): Promise<Raced> {
  try {
    await Promise.race([ring.won, first.ended, second.ended]);
    const counts = ring.winner ?? (await afterEnd(await firstEnded(first, second), ring));
    const [attempt] = await Promise.all([counts.ended, first.ended, second.ended]);
    return { attempt, leg: counts.leg };
  } catch (error) {
    for (const contender of ring.contenders) outrun(contender, ring);
    throw error;
  }
}

function firstEnded(first: Contender, second: Contender): Promise<Contender> {
  return Promise.race([first.ended.then(() => first), second.ended.then(() => second)]);
}

/** One has ended without content: it has won where it is whole; else the other goes on, where the failure leads there. */
async function afterEnd(early: Contender, ring: Ring): Promise<Contender> {
  const attempt = await early.ended;
  const { failure } = attempt;
  const late = ring.contenders.find((contender) => contender !== early);
  if (failure === null || !late) {
    if (attempt.status === 'SUCCEEDED') claim(early, ring);
    return early;
  }
  const isFirst = early === ring.contenders[0];
  if (isFirst && !leadsTo(failure, early.leg, late.leg)) {
    outrun(late, ring);
    return early;
  }
  ring.journey.watch.onAttemptFailed?.(attempt, `${failure.class}: the other target has been asked already`);
  const last = await late.ended;
  if (last.status === 'SUCCEEDED') claim(late, ring);
  return late;
}
