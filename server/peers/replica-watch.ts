import type { ReplicaRecord__Output } from '../../proto/gen/muster/store/v1/ReplicaRecord.ts';
import type { Log } from '../../shared/log.ts';
import { sleep } from '../../shared/time.ts';
import { keys, parseReplicaOf } from '../store/keys.ts';
import { CompactedError, type Entry, type Store } from '../store/store.ts';
import { values } from '../store/values.ts';

const retryMs = 500;

/** Who serves now, from the store's `replicas/`: a listing, then every change; after a compaction a listing again. */
export class ReplicaWatch {
  readonly #store: Store;
  readonly #log: Log;
  readonly #changed: (replica: string) => void;
  readonly #records = new Map<string, ReplicaRecord__Output>();
  readonly #abort = new AbortController();
  #loop: Promise<void> | undefined;

  /** `changed` is called with a name after its record has come, changed or gone. */
  constructor(options: { store: Store; log: Log; changed: (replica: string) => void }) {
    this.#store = options.store;
    this.#log = options.log;
    this.#changed = options.changed;
  }

  /** By name. */
  get records(): ReadonlyMap<string, ReplicaRecord__Output> {
    return this.#records;
  }

  /** Resolves when all that are there are known. */
  async start(): Promise<void> {
    const revision = await this.#load();
    this.#loop = this.#watch(revision + 1);
  }

  /** Asks the store itself: the watch may be behind. */
  async ask(replica: string): Promise<ReplicaRecord__Output | undefined> {
    const entry = await this.#store.get(keys.replica(replica));
    if (entry) this.#put(entry);
    return entry && this.#records.get(replica);
  }

  async close(): Promise<void> {
    this.#abort.abort(new Error('the replica stops'));
    await this.#loop;
  }

  async #load(): Promise<number> {
    const seen = new Set<string>();
    let revision = 0;
    let after: string | undefined;
    for (let more = true; more; ) {
      const page = await this.#store.list(keys.replicaPrefix, {
        ...(after !== undefined && { after }),
        ...(revision > 0 && { revision }),
      });
      revision ||= page.revision;
      for (const entry of page.entries) {
        seen.add(entry.key);
        this.#put(entry);
      }
      after = page.entries.at(-1)?.key;
      more = page.more;
    }
    for (const name of [...this.#records.keys()]) if (!seen.has(keys.replica(name))) this.#remove(name);
    return revision;
  }

  async #watch(fromRevision: number): Promise<void> {
    const { signal } = this.#abort;
    let from = fromRevision;
    while (!signal.aborted) {
      try {
        for await (const batch of this.#store.watch(keys.replicaPrefix, from, signal)) {
          for (const event of batch.events) {
            if (event.type === 'put') this.#put(event.entry);
            else this.#remove(parseReplicaOf(event.key) ?? '');
          }
          from = batch.revision + 1;
        }
      } catch (error) {
        if (signal.aborted) return;
        this.#log.warn({ err: error }, 'the watch of the replicas broke; going on');
        await sleep(retryMs, signal).catch(() => {});
        if (error instanceof CompactedError) {
          from = await this.#load().then(
            (revision) => revision + 1,
            () => from,
          );
        }
      }
    }
  }

  #put(entry: Entry): void {
    const name = parseReplicaOf(entry.key);
    if (name === undefined) return;
    try {
      this.#records.set(name, values.replica.decode(entry.value));
      this.#changed(name);
    } catch (error) {
      this.#log.error({ err: error, 'store.key': entry.key }, 'a record of the store can not be read');
    }
  }

  #remove(name: string): void {
    if (this.#records.delete(name)) this.#changed(name);
  }
}
