import type { Log } from '../../shared/log.ts';
import { sleep } from '../../shared/time.ts';
import { CompactedError, type Entry, type Store } from '../store/store.ts';

const retryMs = 500;

/** Whoever follows the keys under a prefix. Called synchronously, in the store's order; must not throw. */
export interface KeysSink {
  put(entry: Entry): void;
  deleted(key: string): void;
  /** Whatever is under none of these keys is gone: there was a listing. */
  listed(keys: ReadonlySet<string>): void;
}

/** Lists what is under a prefix and then follows every change of it, until closed. */
export class FollowedKeys {
  readonly #store: Store;
  readonly #prefix: string;
  readonly #log: Log;
  readonly #sink: KeysSink;
  readonly #abort = new AbortController();
  #loop: Promise<void> | undefined;
  /** Of the last change that was told. */
  #revision = 0;

  constructor(options: { store: Store; prefix: string; log: Log; sink: KeysSink }) {
    this.#store = options.store;
    this.#prefix = options.prefix;
    this.#log = options.log;
    this.#sink = options.sink;
  }

  /** Resolves when everything that is there has been told. */
  async start(): Promise<void> {
    await this.#list();
    this.#loop = this.#follow();
  }

  async close(): Promise<void> {
    this.#abort.abort(new Error('nobody follows any more'));
    await this.#loop;
  }

  async #list(): Promise<void> {
    const entries: Entry[] = [];
    let revision = 0;
    let after: string | undefined;
    for (let more = true; more; ) {
      const page = await this.#store.list(this.#prefix, { ...(after && { after }), ...(revision && { revision }) });
      revision ||= page.revision;
      entries.push(...page.entries);
      after = page.entries.at(-1)?.key;
      more = page.more;
    }
    for (const entry of entries) this.#sink.put(entry);
    this.#sink.listed(new Set(entries.map(({ key }) => key)));
    this.#revision = revision;
  }

  async #follow(): Promise<void> {
    const { signal } = this.#abort;
    while (!signal.aborted) {
      try {
        for await (const batch of this.#store.watch(this.#prefix, this.#revision + 1, signal)) {
          for (const event of batch.events) {
            if (event.type === 'put') this.#sink.put(event.entry);
            else this.#sink.deleted(event.key);
          }
          this.#revision = batch.revision;
        }
      } catch (error) {
        if (signal.aborted) return;
        this.#log.warn({ err: error, 'store.prefix': this.#prefix }, 'a watch broke; going on');
        await sleep(retryMs, signal).catch(() => {});
        if (error instanceof CompactedError) await this.#list().catch(() => {});
      }
    }
  }
}
