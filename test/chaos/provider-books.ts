import { setTimeout as delay } from 'node:timers/promises';
import { chatBody, chatError, chatFrame, DONE, finishFrame, usageFrame } from '../kit/chat-frames.js';
import type { ScriptedUpstream, UpstreamExchange } from '../kit/scripted-upstream.js';
import type { Action, Script } from './plan.js';

/** What the provider would bill by: one request as it saw it. */
export interface ProviderEntry {
  readonly tag: string;
  readonly script: Script;
  /** All the text that it has begun to send. */
  text: string;
  /** What it has begun to report; null: nothing. */
  usage: Script['usage'] | null;
  ended: 'open' | 'complete' | 'aborted';
}

export interface ProviderBooks {
  of(tag: string): readonly ProviderEntry[];
  readonly entries: readonly ProviderEntry[];
}

const LAST_RESORT: Pick<Script, 'fate' | 'deltas' | 'pauseMs'> = { fate: 'ok', deltas: 5, pauseMs: 1 };

/** Has the upstream act by the scripts, and keep its own books. */
export function keepProviderBooks(upstream: ScriptedUpstream, actions: readonly Action[]): ProviderBooks {
  const byTag = new Map<string, ProviderEntry[]>(actions.map(({ tag }) => [tag, []]));
  const scripts = new Map(actions.map((action) => [action.tag, action.scripts]));
  const entries: ProviderEntry[] = [];
  upstream.respond(async (exchange) => {
    const tag = /chaos-\d+-\d+/.exec(exchange.request.body)?.[0] ?? '';
    const known = byTag.get(tag);
    const planned = scripts.get(tag);
    if (!known || !planned) throw new Error(`no such tag: ${exchange.request.body}`);
    const script = planned[known.length] ?? { ...planned.at(-1)!, ...LAST_RESORT };
    const entry: ProviderEntry = { tag, script, text: '', usage: null, ended: 'open' };
    known.push(entry);
    entries.push(entry);
    void exchange.request.ended.then((how) => (entry.ended = how));
    await (exchange.request.json?.['stream'] === true ? answerStream(exchange, entry) : answerWhole(exchange, entry));
  });
  return { of: (tag) => byTag.get(tag) ?? [], entries };
}

/** Each word tells where it belongs, so that a gap or a double shows. */
const word = ({ tag }: ProviderEntry, index: number) => `[${tag}:${index}] `;

async function answerWhole({ json, cut, stall }: UpstreamExchange, entry: ProviderEntry): Promise<void> {
  const { fate, deltas, pauseMs, usage } = entry.script;
  if (fate === '500' || fate === '429') {
    refuse(json, fate);
    return;
  }
  if (fate === 'stall') return stall();
  await delay(deltas * pauseMs * (fate === 'slow' ? 2 : 0.5));
  if (fate === 'cut') {
    cut();
    return;
  }
  entry.text = Array.from({ length: deltas }, (_, index) => word(entry, index)).join('');
  entry.usage = usage;
  json(200, chatBody({ message: { content: entry.text }, usage }));
}

async function answerStream(exchange: UpstreamExchange, entry: ProviderEntry): Promise<void> {
  const { fate, deltas, pauseMs, usage } = entry.script;
  if (fate === '500' || fate === '429') {
    refuse(exchange.json, fate);
    return;
  }
  const wanted = fate === 'cut' || fate === 'stall' ? Math.floor(deltas / 3) : deltas;
  await exchange.send(chatFrame({ role: 'assistant', content: '' }));
  for (let index = 0; index < wanted; index += 1) {
    if (entry.ended !== 'open') return;
    entry.text += word(entry, index);
    await exchange.send(chatFrame({ content: word(entry, index) }));
    await delay(pauseMs * (fate === 'slow' ? 2 : 1));
  }
  if (fate === 'stall') return exchange.stall();
  if (fate === 'cut') {
    exchange.cut();
    return;
  }
  entry.usage = usage;
  await exchange.send(finishFrame('stop') + usageFrame(usage));
  if (fate === 'cut-late') {
    exchange.cut();
    return;
  }
  await exchange.send(DONE);
  exchange.end();
}

function refuse(json: UpstreamExchange['json'], fate: '500' | '429'): void {
  json(Number(fate), chatError(fate === '500' ? 'something broke' : 'too many requests'));
}
