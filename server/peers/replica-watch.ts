import type { ReplicaRecord__Output } from '../../proto/gen/muster/store/v1/ReplicaRecord.ts';
import type { Log } from '../../shared/log.ts';
import { FollowedPrefix } from '../store/followed-prefix.ts';
import { keys, parseReplicaOf } from '../store/keys.ts';
import type { Entry, Store, WatchEvent } from '../store/store.ts';
import { values } from '../store/values.ts';

/** Who serves now, from the store's `replicas/`: a listing, then every change; after a compaction a listing again. */
export class ReplicaWatch {
  readonly #store: Store;
  readonly #log: Log;
  readonly #changed: (replica: string) => void;
  readonly #records = new Map<string, ReplicaRecord__Output>();
  readonly #followed: FollowedPrefix;

  /** `changed` is called with a name after its record has come, changed or gone. */
  constructor(options: { store: Store; log: Log; changed: (replica: string) => void }) {
    const { store, log, changed } = options;
    this.#store = store;
    this.#log = log;
    this.#changed = changed;
    const sink = {
      list: (entries: readonly Entry[]) => {
        for (const entry of entries) this.#put(entry);
      },
      done: (seen: ReadonlySet<string>) => {
        for (const name of [...this.#records.keys()]) if (!seen.has(keys.replica(name))) this.#remove(name);
      },
      event: (event: WatchEvent) => {
        if (event.type === 'put') this.#put(event.entry);
        else this.#remove(parseReplicaOf(event.key) ?? '');
      },
    };
    this.#followed = new FollowedPrefix({ store, log, prefix: keys.replicaPrefix, sink });
  }

  /** By name. */
  get records(): ReadonlyMap<string, ReplicaRecord__Output> {
    return this.#records;
  }

  /** Resolves when all that are there are known. */
  async start(): Promise<void> {
    await this.#followed.start();
  }

  /** Asks the store itself: the watch may be behind. */
  async ask(replica: string): Promise<ReplicaRecord__Output | undefined> {
    const entry = await this.#store.get(keys.replica(replica));
    if (entry) this.#put(entry);
    return entry && this.#records.get(replica);
  }

  async close(): Promise<void> {
    await this.#followed.close();
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
