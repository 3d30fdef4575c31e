import { setImmediate as turn } from 'node:timers/promises';
import type { NodeUid } from '../../shared/ids.ts';
import type { Log } from '../../shared/log.ts';
import { FollowedPrefix } from '../store/followed-prefix.ts';
import { keys, parseNodeOf } from '../store/keys.ts';
import type { Entry, Store, WatchEvent } from '../store/store.ts';
import type { Directory } from './directory.ts';
import { decodeNode } from './inventory.ts';
import type { PresenceObserver } from './presence-keeper.ts';
import { presenceOf } from './presences.ts';

const pageEntries = 10_000;
/** Records are read so many at a stretch: a full view of tens of thousands must not stop everything else. */
const stretchEntries = 500;

/**
 * Keeps the directory equal to the store's `nodes/` and `presence/`: a full listing, then every change; after a compaction a
 * listing again, which also removes what is gone.
 */
export class DirectorySync {
  readonly #directory: Directory;
  readonly #presences: PresenceObserver | undefined;
  readonly #log: Log;
  readonly #followed: readonly FollowedPrefix[];

  /** `presences` hears of every presence, as the store has it. */
  constructor(options: { store: Store; directory: Directory; log: Log; presences?: PresenceObserver }) {
    const { store, log } = options;
    this.#directory = options.directory;
    this.#presences = options.presences;
    this.#log = log;
    const list = (entries: readonly Entry[]) => this.#putAll(entries);
    const event = (event: WatchEvent) => this.#apply(event);
    const nodes = { list, event, done: (seen: ReadonlySet<string>) => this.#nodesListed(seen) };
    const presences = {
      ...{ list, event },
      begin: (anew: boolean) => anew && this.#forgetRevisions(),
      done: (seen: ReadonlySet<string>, revision: number) => this.#presencesListed(seen, revision),
    };
    this.#followed = [
      new FollowedPrefix({ store, log, pageEntries, prefix: keys.nodePrefix, sink: nodes }),
      new FollowedPrefix({ store, log, pageEntries, prefix: keys.presencePrefix, sink: presences }),
    ];
  }

  /** Resolves when the directory is complete. */
  async start(): Promise<void> {
    await Promise.all(this.#followed.map((followed) => followed.start()));
  }

  async close(): Promise<void> {
    await Promise.all(this.#followed.map((followed) => followed.close()));
  }

  #forgetRevisions(): void {
    this.#directory.forgetRevisions();
    this.#presences?.forgetRevisions();
  }

  async #putAll(entries: readonly Entry[]): Promise<void> {
    for (let from = 0; from < entries.length; from += stretchEntries) {
      if (from > 0) await turn();
      for (const entry of entries.slice(from, from + stretchEntries)) this.#put(entry);
    }
  }

  #nodesListed(seen: ReadonlySet<string>): void {
    for (const { uid } of this.#directory.all()) if (!seen.has(keys.node(uid))) this.#directory.remove(uid);
  }

  #presencesListed(seen: ReadonlySet<string>, revision: number): void {
    for (const uid of this.#directory.presentUids()) {
      if (!seen.has(keys.presence(uid))) this.#directory.setPresence(uid, undefined, revision);
    }
    const uids = new Set<NodeUid>();
    for (const key of seen) {
      const uid = parseNodeOf(key);
      if (uid) uids.add(uid);
    }
    this.#presences?.listed(uids, revision);
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
