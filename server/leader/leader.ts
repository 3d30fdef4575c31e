import { MusterError } from '../../shared/errors.ts';
import type { Log } from '../../shared/log.ts';
import { type Clock, fullJitterMs, sleep } from '../../shared/time.ts';
import { keys } from '../store/keys.ts';
import type { Lease, Store } from '../store/store.ts';
import { values } from '../store/values.ts';
import { type Duty, runDuties } from './duties.ts';
import { LeaderTerm } from './leader-term.ts';

const retryBaseMs = 100;
const retryCapMs = 2000;

export interface LeaderOptions {
  readonly store: Store;
  /** The replica's main lease: what is lost with it is led no more. */
  readonly lease: () => Lease;
  readonly fenced: () => boolean;
  readonly log: Log;
  readonly clock: Clock;
  readonly replica: string;
  /** Random, of this process. */
  readonly incarnation: string;
  readonly duties: readonly Duty[];
}

/**
 * Stands for election for as long as it lives, and does the duties while it leads. The key is created if absent under the replica's
 * lease; its deletion is watched, and every write of the leader compares its create revision, so that one who was
 * deposed without noticing writes nothing.
 */
export class Leader {
  readonly #options: LeaderOptions;
  readonly #abort = new AbortController();
  readonly #value: Buffer;
  #term: LeaderTerm | undefined;
  #running: Promise<void> | undefined;

  constructor(options: LeaderOptions) {
    this.#options = options;
    const { replica, incarnation } = options;
    this.#value = values.leader.encode({ replica, incarnation });
  }

  start(): void {
    this.#running = this.#run();
  }

  /** This replica is the leader, as far as it knows. */
  get leading(): boolean {
    return this.#term?.over === false;
  }

  /** Ends the duties and lets go of the leadership, so that another takes it at once. */
  async close(): Promise<void> {
    this.#abort.abort(new Error('the replica stops'));
    await this.#running;
  }

  async #run(): Promise<void> {
    const { log } = this.#options;
    const { signal } = this.#abort;
    for (let attempt = 0; !signal.aborted; attempt += 1) {
      try {
        const lease = this.#options.lease();
        const { revision, since } = await this.#campaign(lease);
        if (revision === undefined) await this.#awaitVacancy(since);
        else await this.#lead(revision, lease);
        attempt = -1;
      } catch (error) {
        if (signal.aborted) return;
        log.warn({ err: error }, 'the election goes on later');
        await sleep(fullJitterMs(attempt, retryBaseMs, retryCapMs), signal).catch(() => {});
      }
    }
  }

  /** The create revision of the key where it is won; else the revision at which another's was seen to stand. */
  async #campaign(lease: Lease): Promise<{ revision?: number; since: number }> {
    const { store, fenced } = this.#options;
    if (fenced()) throw new MusterError('STORE_UNAVAILABLE', 'this replica is fenced');
    const { succeeded, revision, entries } = await store.commit({
      if: [{ key: keys.leader, exists: false }],
      then: [{ put: keys.leader, value: this.#value, lease }],
      get: [keys.leader],
    });
    if (succeeded) return { revision, since: revision };
    const [held] = entries;
    if (!held?.value.equals(this.#value)) return { since: revision };
    // Its own, whose outcome it never learned, perhaps under a lease that is gone: begun anew, under a revision of its own.
    await store.commit({
      if: [{ key: keys.leader, createRevision: held.createRevision }],
      then: [{ delete: keys.leader }],
    });
    return await this.#campaign(lease);
  }

  async #awaitVacancy(since: number): Promise<void> {
    const { store } = this.#options;
    for await (const { events } of store.watch(keys.leader, since + 1, this.#abort.signal)) {
      if (events.some((event) => event.type === 'delete' && event.key === keys.leader)) return;
    }
  }

  async #lead(revision: number, lease: Lease): Promise<void> {
    const { store, log, clock, fenced, duties } = this.#options;
    const term = new LeaderTerm({ store, revision, fenced });
    this.#term = term;
    const stop = (): void => term.end('the replica stops');
    this.#abort.signal.addEventListener('abort', stop, { once: true });
    void lease.lost.then((reason) => term.end(`the lease is lost: ${reason}`));
    log.info({ 'leader.revision': revision }, 'this replica is the leader now');
    const watching = this.#watchKey(term);
    try {
      if (this.#abort.signal.aborted) stop();
      await runDuties({ duties, term, log, clock });
    } finally {
      term.end('the duties ended');
      this.#abort.signal.removeEventListener('abort', stop);
      await watching;
      this.#term = undefined;
      log.info({ 'leader.revision': revision, reason: term.reason }, 'this replica is not the leader any more');
      await this.#resign(revision);
    }
  }

  async #watchKey(term: LeaderTerm): Promise<void> {
    const { store } = this.#options;
    try {
      for await (const { events } of store.watch(keys.leader, term.revision + 1, term.signal)) {
        if (events.some((event) => event.type === 'delete' && event.key === keys.leader))
          return term.end('the key is gone');
      }
    } catch (error) {
      // The history is not the one in which it was won: it may be anybody's by now.
      term.end(`the key can not be watched: ${(error as Error).message}`);
    }
  }

  async #resign(revision: number): Promise<void> {
    const { store, log } = this.#options;
    await store
      .commit({ if: [{ key: keys.leader, createRevision: revision }], then: [{ delete: keys.leader }] })
      .catch((error: unknown) => log.warn({ err: error }, 'could not let go of the leadership; its lease will'));
  }
}
