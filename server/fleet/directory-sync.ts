import { setImmediate as turn } from 'node:timers/promises';
import type { NodeUid } from '../../shared/ids.ts';
import type { Log } from '../../shared/log.ts';
import { sleep } from '../../shared/time.ts';
import { keys, parseNodeOf } from '../store/keys.ts';
import { CompactedError, type Entry, type Store, type WatchEvent } from '../store/store.ts';
import type { Directory } from './directory.ts';
import { decodeNode } from './inventory.ts';
import type { PresenceObserver } from './presence-keeper.ts';
import { presenceOf } from './presences.ts';

const retryMs = 500;
const pageEntries = 10_000;
/** Records are read so many at a stretch: a full view of tens of thousands must not stop everything else. */
const stretchEntries = 500;

/**
 * Keeps the directory equal to the store's `nodes/` and `presence/`: a full listing, then every change; after a compaction a
 * listing again, which also removes what is gone.
 */
export class DirectorySync {
  readonly #store: Store;
  readonly #directory: Directory;
  readonly #presences: PresenceObserver | undefined;
  readonly #log: Log;
  readonly #lives = new Map<string, number>();
  readonly #abort = new AbortController();
  readonly #loops: Promise<void>[] = [];

  /** `presences` hears of every presence, as the store has it. */
  constructor(options: { store: Store; directory: Directory; log: Log; presences?: PresenceObserver }) {
    this.#store = options.store;
    this.#directory = options.directory;
    this.#presences = options.presences;
    this.#log = options.log;
  }

  /** Resolves when the directory is complete. */
  async start(): Promise<void> {
    const prefixes = [keys.nodePrefix, keys.presencePrefix];
    const revisions = await Promise.all(prefixes.map((prefix) => this.#load(prefix)));
    for (const [n, prefix] of prefixes.entries()) this.#loops.push(this.#watch(prefix, (revisions[n] ?? 0) + 1));
  }

  async close(): Promise<void> {
    this.#abort.abort(new Error('the directory is closed'));
    await Promise.all(this.#loops);
  }

  async #load(prefix: string): Promise<number> {
    const { life } = this.#store;
    if (prefix === keys.presencePrefix && life !== (this.#lives.get(prefix) ?? life)) {
      this.#directory.forgetRevisions();
      this.#presences?.forgetRevisions();
    }
    const seen = new Set<NodeUid>();
    let revision = 0;
    let after: string | undefined;
    for (let more = true; more; ) {
      const at = { ...(after && { after }), ...(revision && { revision }) };
      const page = await this.#store.list(prefix, { ...at, limit: pageEntries });
      revision ||= page.revision;
      for (let from = 0; from < page.entries.length; from += stretchEntries) {
        if (from > 0) await turn();
        for (const entry of page.entries.slice(from, from + stretchEntries)) {
          const uid = parseNodeOf(entry.key);
          if (uid) seen.add(uid);
          this.#put(entry);
        }
      }
      after = page.entries.at(-1)?.key;
      more = page.more;
    }
    if (prefix === keys.nodePrefix) {
      for (const { uid } of this.#directory.all()) if (!seen.has(uid)) this.#directory.remove(uid);
    } else {
      for (const uid of this.#directory.presentUids()) {
        if (!seen.has(uid)) this.#directory.setPresence(uid, undefined, revision);
      }
      this.#presences?.listed(seen, revision);
    }
    this.#lives.set(prefix, life);
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
    else {
      this.#directory.setPresence(uid, undefined, event.modRevision);
      this.#presences?.saw(uid, { presence: undefined, revision: event.modRevision });
    }
  }

  #put(entry: Entry): void {
    const uid = parseNodeOf(entry.key);
    if (uid === undefined) return;
    try {
      if (entry.key.startsWith(keys.nodePrefix)) return this.#directory.upsert(decodeNode(entry.value));
      const presence = presenceOf(entry);
      this.#directory.setPresence(uid, presence, entry.modRevision);
      this.#presences?.saw(uid, { presence, revision: entry.modRevision });
    } catch (error) {
      // One record that can't be read must not hide all others.
      this.#log.error({ err: error, 'store.key': entry.key }, 'a record of the store can not be read');
    }
  }
}
