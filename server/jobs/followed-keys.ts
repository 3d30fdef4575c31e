import type { Log } from '../../shared/log.ts';
import { FollowedPrefix } from '../store/followed-prefix.ts';
import type { Entry, Store } from '../store/store.ts';

/** Whoever follows the keys under a prefix. Called synchronously, in the store's order; must not throw. */
export interface KeysSink {
  put(entry: Entry): void;
  deleted(key: string): void;
  /** Whatever is under none of these keys is gone: there was a listing. */
  listed(keys: ReadonlySet<string>): void;
}

/** Lists what is under a prefix, told at once when all of it is there, and then follows every change of it, until closed. */
export class FollowedKeys {
  readonly #followed: FollowedPrefix;

  constructor(options: { store: Store; prefix: string; log: Log; sink: KeysSink }) {
    const { store, prefix, log, sink } = options;
    let entries: Entry[] = [];
    this.#followed = new FollowedPrefix({
      ...{ store, prefix, log },
      sink: {
        begin() {
          entries = [];
        },
        list(page) {
          for (const entry of page) entries.push(entry);
        },
        done(seen) {
          for (const entry of entries) sink.put(entry);
          entries = [];
          sink.listed(seen);
        },
        event(event) {
          if (event.type === 'put') sink.put(event.entry);
          else sink.deleted(event.key);
        },
      },
    });
  }

  /** Resolves when everything that is there has been told. */
  async start(): Promise<void> {
    await this.#followed.start();
  }

  async close(): Promise<void> {
    await this.#followed.close();
  }
}
