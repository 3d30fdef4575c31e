import type { JobRecord } from '../../../proto/gen/muster/store/v1/JobRecord.ts';
import { MusterError } from '../../../shared/errors.ts';
import type { JobId } from '../../../shared/ids.ts';
import { keys } from '../../store/keys.ts';
import type { Operation, Store } from '../../store/store.ts';
import { values } from '../../store/values.ts';
import type { CoordinatorClaims } from '../coordination/coordinator-claims.ts';
import type { Claim } from '../coordination/coordinator-fence.ts';
import type { TargetResult } from '../job-store.ts';

/**
 * What one coordinator writes of its job: one transaction after the other, each comparing its key, none while it is fenced. Whatever
 * rejects may be tried again, also where its outcome is unknown.
 */
export class JobWriter {
  readonly #store: Store;
  readonly #claims: CoordinatorClaims;
  readonly #job: JobId;
  readonly #fenced: () => boolean;
  readonly #deposed: () => void;
  readonly #alsoClosing: () => readonly Operation[];
  #claim: Claim;
  #record: JobRecord;
  #batch = 0;
  /** Records with which a close was tried, as they were encoded: one of them may stand though nobody said so. */
  readonly #closings: { readonly value: Buffer; readonly record: JobRecord }[] = [];
  #ended = false;
  #tail: Promise<unknown> = Promise.resolve();

  constructor(options: {
    store: Store;
    claims: CoordinatorClaims;
    job: JobId;
    claim: Claim;
    /** As it stands in the store. */
    record: JobRecord;
    /** The replica's lease is past its own deadline. */
    fenced: () => boolean;
    /** The coordinator key is another's now; called before the write rejects with CONFLICT. */
    deposed: () => void;
    /** What else the transaction does that closes the job. */
    alsoClosing?: () => readonly Operation[];
  }) {
    this.#store = options.store;
    this.#claims = options.claims;
    this.#job = options.job;
    this.#claim = options.claim;
    this.#record = options.record;
    this.#fenced = options.fenced;
    this.#deposed = options.deposed;
    this.#alsoClosing = options.alsoClosing ?? (() => []);
  }

  /** What this coordinator says is told from what others say by it. */
  get claim(): Claim {
    return this.#claim;
  }

  /** Changes the job's record. */
  async update(change: JobRecord): Promise<void> {
    await this.#serially(async () => {
      const record = { ...this.#record, ...change };
      await this.#commit([this.#state(values.state.encode(record))]);
      this.#record = record;
    });
  }

  /** Stores a batch of results, and a change of the record with it: again the same ones, and perhaps more, until it succeeds. */
  async results(results: readonly TargetResult[], change?: JobRecord): Promise<void> {
    await this.#serially(async () => {
      const record = { ...this.#record, ...change };
      await this.#commit([this.#results(results), ...(change ? [this.#state(values.state.encode(record))] : [])]);
      this.#record = record;
      this.#batch += 1;
    });
  }

  /** Closes the job, with its last results; answers the change that closed it, which may be that of an earlier try. */
  async close(results: readonly TargetResult[], change: JobRecord): Promise<JobRecord> {
    return await this.#serially(async () => {
      const record = { ...this.#record, ...change };
      const value = values.state.encode(record);
      this.#closings.push({ value, record });
      const ends: Operation[] = [{ delete: keys.open(this.#job) }, { delete: keys.coordinator(this.#job) }];
      const batch = results.length > 0 ? [this.#results(results)] : [];
      return (await this.#commit([...batch, this.#state(value), ...ends, ...this.#alsoClosing()])) ?? record;
    });
  }

  /** Nothing is written after what is being written now; answers the create revision that the key has then. */
  async end(): Promise<number> {
    return await this.#serially(async () => {
      this.#ended = true;
      return this.#claim.revision;
    });
  }

  /** Claims the coordinator key again under a new lease; false where another replica has driven the job meanwhile. */
  async reclaim(): Promise<boolean> {
    return await this.#serially(() => this.#claimAgain());
  }

  async #claimAgain(): Promise<boolean> {
    if (this.#ended) return false;
    const claim = await this.#claims.claim(this.#job, this.#claim.revision);
    if (claim === undefined) return false;
    this.#claim = claim;
    // Batches of the new claim are named by it.
    this.#batch = 0;
    return true;
  }

  /** The record of an earlier close that turns out to have been carried out; undefined where this write was. */
  async #commit(operations: readonly Operation[]): Promise<JobRecord | undefined> {
    if (this.#ended) throw new MusterError('STORE_UNAVAILABLE', 'this replica is handing the job over');
    if (this.#fenced()) throw new MusterError('STORE_UNAVAILABLE', 'this replica’s lease has run out');
    const key = keys.coordinator(this.#job);
    const { succeeded, entries } = await this.#store.commit({
      if: [{ key, createRevision: this.#claim.revision }],
      then: operations,
      get: [keys.state(this.#job)],
    });
    if (succeeded) return undefined;
    const state = entries[0]?.value;
    const closed = this.#closings.find(({ value }) => state?.equals(value));
    if (closed) return closed.record;
    if (await this.#claimAgain())
      throw new MusterError('STORE_UNAVAILABLE', 'the claim of the job had run out; try again');
    this.#deposed();
    throw new MusterError('CONFLICT', `job ${this.#job} has another coordinator now`);
  }

  #state(value: Buffer): Operation {
    return { put: keys.state(this.#job), value };
  }

  #results(results: readonly TargetResult[]): Operation {
    const value = values.result.encode({ results: [...results] });
    return { put: keys.result(this.#job, this.#claim.revision, this.#batch), value };
  }

  async #serially<Value>(write: () => Promise<Value>): Promise<Value> {
    const turn = this.#tail.then(write);
    this.#tail = turn.catch(() => {});
    return await turn;
  }
}
