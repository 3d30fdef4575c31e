import { randomBytes } from 'node:crypto';
import type { JobId } from '../../../shared/ids.ts';
import { keys } from '../../store/keys.ts';
import type { Compare, Entry, Lease, Operation, Store } from '../../store/store.ts';
import { emptyValue, values } from '../../store/values.ts';
import type { Claim } from './coordinator-fence.ts';

/** A compare and a delete each, within the store's hundred. */
const claimsACommit = 45;

/**
 * The coordinator keys of this process. Every claim writes `open/<job>` too, so that the modification revision of that key is
 * the create revision of the last coordinator: who compares it knows that nobody drove the job in between.
 */
export class CoordinatorClaims {
  readonly #store: Store;
  readonly #lease: () => Lease;
  readonly #value: Buffer;
  /** What this process's keys bear. */
  readonly claimId: string;

  constructor(options: { store: Store; lease: () => Lease; replica: string }) {
    this.#store = options.store;
    this.#lease = options.lease;
    this.claimId = randomBytes(16).toString('hex');
    this.#value = values.coordinator.encode({ replica: options.replica, claim: this.claimId });
  }

  /** What a claim writes; the revision of its transaction is the claim's create revision. */
  operations(job: JobId): Operation[] {
    return [
      { put: keys.coordinator(job), value: this.#value, lease: this.#lease() },
      { put: keys.open(job), value: emptyValue },
    ];
  }

  /** What a claim reads, of which its era comes: as it stands in the same transaction, whatever this replica knows of it. */
  readonly reads: readonly string[] = [keys.era];

  /** The claim that a transaction has made, by what it read. */
  made(revision: number, [era]: readonly (Entry | undefined)[]): Claim {
    return { era: era ? values.era.decode(era.value).era : 0, revision };
  }

  /**
   * Claims an open job that nobody coordinates; undefined where somebody does or the job is closed. With
   * `last`, only if nobody did since that claim. A key of this process itself is one whose outcome it never learned: it is
   * replaced, so do not ask for what this process drives under a key that stands.
   */
  async claim(job: JobId, last?: number): Promise<Claim | undefined> {
    const key = keys.coordinator(job);
    let open: Compare =
      last === undefined ? { key: keys.open(job), exists: true } : { key: keys.open(job), modRevision: last };
    for (;;) {
      const { succeeded, revision, entries } = await this.#store.commit({
        if: [{ key, exists: false }, open],
        then: this.operations(job),
        get: [...this.reads, key],
      });
      if (succeeded) return this.made(revision, entries);
      const held = entries.at(-1);
      if (!held?.value.equals(this.#value)) return undefined;
      if (last !== undefined) open = { key: keys.open(job), modRevision: held.createRevision };
      // Deleted first: results are named by the create revision, which no two claims may share.
      await this.#store.commit({ if: [{ key, modRevision: held.modRevision }], then: [{ delete: key }] });
    }
  }

  /** Gives claims up, so that others may have the jobs at once. Leaves alone what is not this process's any more. */
  async letGo(claims: readonly { readonly job: JobId; readonly createRevision: number }[]): Promise<void> {
    for (let from = 0; from < claims.length; from += claimsACommit) {
      const some = claims.slice(from, from + claimsACommit);
      if (some.length === 1 || !(await this.#release(some))) for (const one of some) await this.#release([one]);
    }
  }

  async #release(claims: readonly { readonly job: JobId; readonly createRevision: number }[]): Promise<boolean> {
    const { succeeded } = await this.#store.commit({
      if: claims.map(({ job, createRevision }) => ({ key: keys.coordinator(job), createRevision })),
      then: claims.map(({ job }) => ({ delete: keys.coordinator(job) })),
    });
    return succeeded;
  }
}
