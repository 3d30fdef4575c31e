import type { Log } from '../../../shared/log.ts';
import { sleep } from '../../../shared/time.ts';
import { CompactedError, type Entry, type Store, type WatchEvent } from '../../store/store.ts';

const retryMs = 500;
/** How often the keys are listed besides: a watch that is silently stuck must not hide anything for good. */
const recheckMs = 30_000;

/** Whoever follows the keys under a prefix. Called synchronously, in the store's order; must not throw. */
export interface KeysSink {
  put(entry: Entry): void;
  deleted(key: string): void;
}

/** Lists what is under a prefix and then follows every change of it, until closed. */
export class FollowedKeys {
  readonly #store: Store;
  readonly #prefix: string;
  readonly #log: Log;
  readonly #sink: KeysSink;
  readonly #recheckMs: number;
  readonly #abort = new AbortController();
  /** Ends the watch there is; another one begins. */
  #restart = new AbortController();
  #loops: Promise<unknown> = Promise.resolve();
  #listing: Promise<unknown> = Promise.resolve();
  /** Modification revisions of the keys there are. */
  readonly #known = new Map<string, number>();
  /** What the watch told of during the listing under way. */
  readonly #meanwhile = new Map<string, number>();
  /** Found out by a listing, and not told by the watch yet. */
  readonly #untold = new Set<string>();
  /** Of the last listing: of earlier changes the watch has nothing new to tell. */
  #listed = 0;
  /** Of the last change that the watch told. */
  #revision = 0;

  constructor(options: { store: Store; prefix: string; log: Log; sink: KeysSink; recheckMs?: number }) {
    this.#store = options.store;
    this.#prefix = options.prefix;
    this.#log = options.log;
    this.#sink = options.sink;
    this.#recheckMs = options.recheckMs ?? recheckMs;
  }

  /** Resolves when everything that is there has been told. */
  async start(): Promise<void> {
    await this.#list();
    this.#revision = this.#listed;
    this.#loops = Promise.all([this.#follow(), this.#recheck()]);
  }

  async close(): Promise<void> {
    this.#abort.abort(new Error('nobody follows any more'));
    await this.#loops;
  }

  async #list(): Promise<void> {
    const listing = this.#listing.then(() => this.#listNow());
    this.#listing = listing.catch(() => {});
    await listing;
  }

  async #listNow(): Promise<void> {
    this.#meanwhile.clear();
    const there = new Map<string, Entry>();
    let revision = 0;
    let after: string | undefined;
    for (let more = true; more; ) {
      const page = await this.#store.list(this.#prefix, { ...(after && { after }), ...(revision && { revision }) });
      revision ||= page.revision;
      for (const entry of page.entries) there.set(entry.key, entry);
      after = page.entries.at(-1)?.key;
      more = page.more;
    }
    if (this.#abort.signal.aborted) return;
    const overtaken = (key: string): boolean => (this.#meanwhile.get(key) ?? 0) > revision;
    for (const [key, entry] of there)
      if (!overtaken(key) && this.#known.get(key) !== entry.modRevision) {
        this.#untold.add(key);
        this.#put(entry);
      }
    for (const key of [...this.#known.keys()])
      if (!there.has(key) && !overtaken(key)) {
        this.#untold.add(key);
        this.#delete(key);
      }
    this.#listed = revision;
  }

  #put(entry: Entry): void {
    this.#known.set(entry.key, entry.modRevision);
    this.#sink.put(entry);
  }

  #delete(key: string): void {
    this.#known.delete(key);
    this.#sink.deleted(key);
  }

  #told(event: WatchEvent): void {
    const { key, modRevision } = event.type === 'put' ? event.entry : event;
    this.#untold.delete(key);
    if (modRevision <= this.#listed) return;
    this.#meanwhile.set(key, modRevision);
    if (event.type === 'put') this.#put(event.entry);
    else this.#delete(key);
  }

  async #follow(): Promise<void> {
    const { signal } = this.#abort;
    let mustList = false;
    while (!signal.aborted) {
      try {
        if (mustList) await this.#listAnew();
        mustList = false;
        const either = AbortSignal.any([signal, this.#restart.signal]);
        for await (const batch of this.#store.watch(this.#prefix, this.#revision + 1, either)) {
          for (const event of batch.events) this.#told(event);
          this.#revision = batch.revision;
        }
        if (!this.#restart.signal.aborted) continue;
        this.#restart = new AbortController();
        this.#revision = this.#listed;
      } catch (error) {
        if (signal.aborted) return;
        // A listing that fails is still owed: a store that was set back may have overtaken the old revision by the time it answers.
        mustList ||= error instanceof CompactedError;
        this.#log.warn({ err: error, 'store.prefix': this.#prefix }, 'a watch broke; going on');
        await sleep(retryMs, signal).catch(() => {});
      }
    }
  }

  async #listAnew(): Promise<void> {
    await this.#list();
    this.#revision = this.#listed;
    this.#untold.clear();
  }

  async #recheck(): Promise<void> {
    const { signal } = this.#abort;
    this.#untold.clear();
    for (;;) {
      await sleep(this.#recheckMs * (0.75 + Math.random() / 2), signal).catch(() => {});
      if (signal.aborted) return;
      try {
        // A watch that is only a moment behind has told of them by now.
        const stuck = this.#untold.size > 0;
        this.#untold.clear();
        await this.#list();
        if (!stuck) continue;
        this.#log.warn({ 'store.prefix': this.#prefix }, 'a watch tells nothing of what has changed; it begins anew');
        this.#restart.abort();
      } catch (error) {
        this.#log.warn({ err: error, 'store.prefix': this.#prefix }, 'the keys that are watched can not be listed now');
      }
    }
  }
}
