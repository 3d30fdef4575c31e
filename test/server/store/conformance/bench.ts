import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Entry, ListOptions, Store, WatchEvent } from '../../../../server/store/store.ts';

/** A driver on the bench: how a test reaches what only the outside can do to it. */
export interface Bench {
  /** The store under test; another object after `restart` where the driver lives in this process. */
  readonly store: Store;
  /** Another client of the same store, or the same one where there can be only one. */
  client(): Promise<Store>;
  /** The store goes away hard and comes back with what it had. */
  restart(): Promise<void>;
  /** Breaks what the watches of `store` hang on, some way into what they are about to read. */
  interrupt(): Promise<void>;
  /** Drops the history of everything up to now. */
  compact(): Promise<void>;
  /** Lets no renewal through for longer than the term; `relent` lets them through again. */
  starve(termMs: number): { relent(): void };
}

/** Sets a bench up for one test, which takes it down. */
export type BenchFactory = (test: TestContext) => Promise<Bench>;

export const bytes = (text: string): Buffer => Buffer.from(text, 'utf8');

export const put = (key: string, text = 'x') => ({ put: key, value: bytes(text) });

/** Every entry under the prefix, page by page at one revision. */
export async function listAll(store: Store, prefix: string, options: ListOptions = {}): Promise<Entry[]> {
  const all: Entry[] = [];
  let { revision } = options;
  let { after } = options;
  while (true) {
    const page = await store.list(prefix, {
      ...options,
      ...(after !== undefined && { after }),
      ...(revision !== undefined && { revision }),
    });
    all.push(...page.entries);
    ({ revision } = page);
    after = page.entries.at(-1)?.key;
    if (!page.more) return all;
  }
}

/** Watches until `count` events have come, going on from the last revision where the watch ended. */
export async function collect(
  bench: Pick<Bench, 'store'>,
  prefix: string,
  fromRevision: number,
  count: number,
  onBatch?: (seen: number) => Promise<void>,
): Promise<WatchEvent[]> {
  const events: WatchEvent[] = [];
  let next = fromRevision;
  while (events.length < count) {
    const controller = new AbortController();
    for await (const batch of bench.store.watch(prefix, next, controller.signal)) {
      events.push(...batch.events);
      next = batch.revision + 1;
      if (events.length >= count) return events;
      await onBatch?.(events.length);
    }
  }
  return events;
}

export const keyOf = (event: WatchEvent): string => (event.type === 'put' ? event.entry.key : event.key);
export const revisionOf = (event: WatchEvent): number =>
  event.type === 'put' ? event.entry.modRevision : event.modRevision;

/** Waits for a condition that must come true. */
export async function until(condition: () => Promise<boolean> | boolean, what: string, capMs = 30_000): Promise<void> {
  const deadline = performance.now() + capMs;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`never happened: ${what}`);
    await sleep(10);
  }
}
