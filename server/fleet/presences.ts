import type { PresenceRecord } from '../../proto/gen/muster/store/v1/PresenceRecord.ts';
import { MusterError } from '../../shared/errors.ts';
import type { NodeUid } from '../../shared/ids.ts';
import { keys } from '../store/keys.ts';
import { CompactedError, type Entry, type Store } from '../store/store.ts';
import { values } from '../store/values.ts';
import type { ClaimQueue } from './claim-queue.ts';
import { compareEpochs } from './epoch.ts';
import type { EpochValue } from './session.ts';

/** Which replica holds a node now. */
export interface Presence {
  readonly replica: string;
  readonly epoch: EpochValue;
}

const maxTries = 5;

/** Who holds which node, in the store: what is claimed again, looked at and let go. */
export class Presences {
  readonly #store: Store;
  readonly #claims: ClaimQueue;
  readonly #replica: string;

  constructor(options: { store: Store; claims: ClaimQueue; replica: string }) {
    this.#store = options.store;
    this.#claims = options.claims;
    this.#replica = options.replica;
  }

  /** Who holds the node now, as the store has it. */
  async at(uid: NodeUid): Promise<Presence | undefined> {
    const entry = await this.#store.get(keys.presence(uid));
    return entry && presenceOf(entry);
  }

  /** Who held the node just before the write of this revision; undefined where nobody did, or nobody can tell any more. */
  async before(uid: NodeUid, revision: number): Promise<Presence | undefined> {
    try {
      const page = await this.#store.list(keys.presence(uid), { limit: 1, revision: revision - 1 });
      return page.entries[0] && presenceOf(page.entries[0]);
    } catch (error) {
      if (error instanceof CompactedError) return undefined;
      throw error;
    }
  }

  /**
   * Claims again, under the lease of now, what this replica still holds; the epoch stays. The new presence revision, or undefined
   * where another replica holds the node with an epoch that is no lower. `known` is the caller's view of what stands there.
   */
  async reclaim(
    uid: NodeUid,
    epoch: EpochValue,
    known: (Presence & { readonly revision: number }) | undefined,
  ): Promise<number | undefined> {
    const key = keys.presence(uid);
    const ours = known?.replica === this.#replica && compareEpochs(known.epoch, epoch) === 0;
    // A view that may be right saves a read; all nodes of a lost lease are claimed again at once.
    let expected = ours ? known.revision : known ? undefined : 0;
    for (let tries = 0; tries < maxTries; tries += 1) {
      if (expected === undefined) {
        const current = await this.#store.get(key);
        const standing = current && presenceOf(current);
        const order = standing ? compareEpochs(standing.epoch, epoch) : -1;
        if (standing && standing.replica !== this.#replica && order >= 0) return undefined;
        // A newer claim of this replica: its session opens in a moment.
        if (current && order > 0) return current.modRevision;
        expected = current?.modRevision ?? 0;
      }
      const revision = await this.#claims.claim({
        uid,
        if: [expected === 0 ? { key, exists: false } : { key, modRevision: expected }],
        then: (lease) => [{ put: key, value: presenceValue(this.#replica, epoch.era, epoch.revision), lease }],
      });
      if (revision !== undefined) return revision;
      expected = undefined;
    }
    throw new MusterError('CONFLICT', `the presence of node ${uid} is being changed by somebody else`);
  }

  /** Drops the presence written at `presenceRevision`, unless a newer claim replaced it. */
  async leave(uid: NodeUid, presenceRevision: number): Promise<void> {
    await this.#claims.claim({
      uid,
      if: [{ key: keys.presence(uid), modRevision: presenceRevision }],
      then: () => [{ delete: keys.presence(uid) }],
    });
  }
}

/** What stands under `presence/<uid>`: a claiming write's epoch is its own revision. Throws where it can't be read. */
export function presenceOf(entry: Entry): Presence {
  const { replica, era, epochRevision } = values.presence.decode(entry.value);
  return { replica, epoch: { era, revision: epochRevision || entry.modRevision } };
}

/** The value of a claim in this era; a re-claim says the revision of the epoch that it keeps. */
export function presenceValue(replica: string, era: number, epochRevision = 0): Buffer {
  return values.presence.encode({ replica, era, epochRevision } satisfies PresenceRecord);
}
