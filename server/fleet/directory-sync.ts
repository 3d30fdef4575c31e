import type { Log } from '../../shared/log.ts';
import { sleep } from '../../shared/time.ts';
import { keys, parseNodeOf } from '../store/keys.ts';
import { CompactedError, type Entry, type Store, type WatchEvent } from '../store/store.ts';
import { values } from '../store/values.ts';
import type { Directory } from './directory.ts';
import { decodeNode } from './inventory.ts';

const retryMs = 500;

/**
 * Keeps the directory equal to the store's `nodes/` and `presence/`: a full listing, then every change; after a compaction a
 * listing again, which also removes what is gone.
 */
export class DirectorySync {
  readonly #store: Store;
  readonly #directory: Directory;
  readonly #log: Log;
  readonly #abort = new AbortController();
  readonly #loops: Promise<void>[] = [];

  constructor(options: { store: Store; directory: Directory; log: Log }) {
    this.#store = options.store;
    this.#directory = options.directory;
    this.#log = options.log;
  }

  /** Resolves when the directory is complete. */
  async start(): Promise<void> {
    for (const prefix of [keys.nodePrefix, keys.presencePrefix]) {
      const revision = await this.#load(prefix);
      this.#loops.push(this.#watch(prefix, revision + 1));
    }
  }

  async close(): Promise<void> {
    this.#abort.abort(new Error('the directory is closed'));
    await Promise.all(this.#loops);
  }

  async #load(prefix: string): Promise<number> {
    const seen = new Set<string>();
    let revision = 0;
    let after: string | undefined;
    for (let more = true; more; ) {
      const page = await this.#store.list(prefix, { ...(after && { after }), ...(revision && { revision }) });
      revision ||= page.revision;
      for (const entry of page.entries) {
        seen.add(entry.key);
        this.#put(entry);
      }
      after = page.entries.at(-1)?.key;
      more = page.more;
    }
    if (prefix === keys.nodePrefix) {
      for (const { uid } of this.#directory.all()) if (!seen.has(keys.node(uid))) this.#directory.remove(uid);
    } else {
      for (const uid of this.#directory.presentUids()) {
        if (!seen.has(keys.presence(uid))) this.#directory.setPresence(uid, undefined, revision);
      }
    }
    return revision;
  }

  async #watch(prefix: string, fromRevision: number): Promise<void> {
    const { signal } = this.#abort;
    let from = fromRevision;
    while (!signal.aborted) {
      try {
        for await (const batch of this.#store.watch(prefix, from, signal)) {
          for (const event of batch.events) this.#apply(event);
          from = batch.revision + 1;
        }
      } catch (error) {
        if (signal.aborted) return;
        this.#log.warn({ err: error, 'store.prefix': prefix }, 'the watch of the directory broke; going on');
        await sleep(retryMs, signal).catch(() => {});
        if (error instanceof CompactedError)
          from = await this.#load(prefix).then(
            (revision) => revision + 1,
            () => from,
          );
      }
    }
  }

  #apply(event: WatchEvent): void {
    if (event.type === 'put') return this.#put(event.entry);
    const uid = parseNodeOf(event.key);
    if (uid === undefined) return;
    if (event.key.startsWith(keys.nodePrefix)) this.#directory.remove(uid);
    else this.#directory.setPresence(uid, undefined, event.modRevision);
  }

  #put(entry: Entry): void {
    const uid = parseNodeOf(entry.key);
    if (uid === undefined) return;
    try {
      if (entry.key.startsWith(keys.nodePrefix)) this.#directory.upsert(decodeNode(entry.value));
      else this.#directory.setPresence(uid, presenceOf(entry), entry.modRevision);
    } catch (error) {
      // One record that can't be read must not hide all others.
      this.#log.error({ err: error, 'store.key': entry.key }, 'a record of the store can not be read');
    }
  }
}

function presenceOf(entry: Entry): { replica: string; epoch: { era: number; revision: number } } {
  const { replica, era, epochRevision } = values.presence.decode(entry.value);
  return { replica, epoch: { era, revision: epochRevision || entry.modRevision } };
}
