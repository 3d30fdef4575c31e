import type { Log } from '../../shared/log.ts';
import { sleep } from '../../shared/time.ts';
import { CompactedError, type Entry, type Store, type WatchEvent } from './store.ts';

const retryMs = 500;

/** Whoever keeps a picture of the keys under a prefix. Must not throw; what it is told more than once changes nothing. */
export interface PrefixSink {
  /** A listing begins, perhaps after one that broke off. `anew`: the store is older than it was, revisions may be lower from now on. */
  begin?(anew: boolean): void;
  /** A page of the listing, in key order. The next is asked for when it has been dealt with. */
  list(entries: readonly Entry[]): void | Promise<void>;
  /** The listing is complete, as of `revision`: whatever is under none of these keys is gone. */
  done(seen: ReadonlySet<string>, revision: number): void;
  /** A change, in the store's order. */
  event(event: WatchEvent): void;
}

export interface FollowedPrefixOptions {
  readonly store: Store;
  readonly prefix: string;
  /** Entries a page; the store's default where not given. */
  readonly pageEntries?: number;
  readonly log: Log;
  readonly sink: PrefixSink;
}

/**
 * Lists what is under a prefix and then follows every change of it, until closed. Where the store's history no longer holds what comes
 * next, or the store is not the one it was, it lists again, and follows nothing before that has succeeded.
 */
export class FollowedPrefix {
  readonly #options: FollowedPrefixOptions;
  readonly #abort = new AbortController();
  #loop: Promise<void> | undefined;
  /** All up to this one has been told. */
  #revision = 0;
  /** Of the store, at the last listing that was complete. */
  #life: number | undefined;

  constructor(options: FollowedPrefixOptions) {
    this.#options = options;
  }

  /** Resolves when everything that is there has been told; rejects where that can't be listed. */
  async start(): Promise<void> {
    await this.#list();
    this.#loop = this.#follow();
  }

  async close(): Promise<void> {
    this.#abort.abort(new Error('nobody follows any more'));
    await this.#loop;
  }

  async #list(): Promise<void> {
    const { store } = this.#options;
    let life: number;
    do {
      ({ life } = store);
      this.#revision = await this.#listOnce(life !== (this.#life ?? life));
      this.#life = life;
    } while (store.life !== life);
  }

  async #listOnce(anew: boolean): Promise<number> {
    const { store, prefix, pageEntries, sink } = this.#options;
    sink.begin?.(anew);
    const seen = new Set<string>();
    let revision = 0;
    let after: string | undefined;
    for (let more = true; more; ) {
      const page = await store.list(prefix, {
        ...(pageEntries !== undefined && { limit: pageEntries }),
        ...(after !== undefined && { after }),
        ...(revision > 0 && { revision }),
      });
      revision ||= page.revision;
      for (const { key } of page.entries) seen.add(key);
      await sink.list(page.entries);
      after = page.entries.at(-1)?.key;
      more = page.more;
    }
    sink.done(seen, revision);
    return revision;
  }

  async #follow(): Promise<void> {
    const { store, prefix, log, sink } = this.#options;
    const { signal } = this.#abort;
    let mustList = false;
    while (!signal.aborted) {
      try {
        if (mustList) await this.#list();
        mustList = false;
        for await (const batch of store.watch(prefix, this.#revision + 1, signal)) {
          for (const event of batch.events) sink.event(event);
          this.#revision = batch.revision;
        }
      } catch (error) {
        if (signal.aborted) return;
        // A listing that fails is still owed: a store that was set back may have overtaken the old revision by the time it answers.
        mustList ||= error instanceof CompactedError;
        log.warn({ err: error, 'store.prefix': prefix }, 'a watch broke; going on');
      }
      await sleep(retryMs, signal).catch(() => {});
    }
  }
}
