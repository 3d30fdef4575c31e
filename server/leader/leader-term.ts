import { MusterError } from '../../shared/errors.ts';
import { keys } from '../store/keys.ts';
import type { Committed, Store, Transaction } from '../store/store.ts';

/** From an election won to the leadership's end: what the duties write goes through here. */
export class LeaderTerm {
  readonly store: Store;
  /** Create revision of the leader's key. */
  readonly revision: number;
  readonly #fenced: () => boolean;
  readonly #abort = new AbortController();
  reason = '';

  constructor(options: { store: Store; revision: number; fenced: () => boolean }) {
    this.store = options.store;
    this.revision = options.revision;
    this.#fenced = options.fenced;
  }

  /** Aborted when the leadership ends. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  get over(): boolean {
    return this.#abort.signal.aborted;
  }

  end(reason: string): void {
    if (this.over) return;
    this.reason = reason;
    this.#abort.abort(new MusterError('CONFLICT', `not the leader any more: ${reason}`));
  }

  /**
   * As the store's, and only while this replica is the leader: rejects with CONFLICT, and ends the term, where it is not. `entries` are those
   * of `get`.
   */
  async commit(transaction: Transaction): Promise<Committed> {
    this.#abort.signal.throwIfAborted();
    if (this.#fenced()) throw new MusterError('STORE_UNAVAILABLE', 'this replica is fenced');
    const { if: compares = [], get = [] } = transaction;
    const { entries, ...committed } = await this.store.commit({
      ...transaction,
      if: [{ key: keys.leader, createRevision: this.revision }, ...compares],
      get: [...get, keys.leader],
    });
    if (entries.at(-1)?.createRevision !== this.revision) {
      this.end('another replica is');
      this.#abort.signal.throwIfAborted();
    }
    return { ...committed, entries: entries.slice(0, -1) };
  }
}
