import { randomBytes } from 'node:crypto';
import { MusterError } from '../../shared/errors.ts';
import type { Log } from '../../shared/log.ts';
import { type Clock, sleep } from '../../shared/time.ts';
import { type Epoch, type EraChange, type EraRecord, eraByAgent, eraOf } from './era-rules.ts';
import { keys } from './keys.ts';
import type { Store } from './store.ts';
import { values } from './values.ts';

const retryMs = 500;
const maxTries = 10;
const maxRaisesByAgents = 8;
const raisesWindowMs = 3_600_000;

export interface ClusterStateOptions {
  readonly store: Store;
  readonly log: Log;
  readonly clock: Clock;
}

/**
 * The life of the store: its era, and whether an operator must confirm it. Every replica watches it. Whoever finds out that the store is
 * not what it was (wiped, or restored from a backup) raises the era, so that epochs stay above all that agents have seen.
 */
export class ClusterState {
  readonly #store: Store;
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #abort = new AbortController();
  readonly #listeners = new Set<() => void>();
  readonly #raisesMs: number[] = [];
  #record: EraRecord;
  /** Of its last write. */
  #revision: number;
  /** Lives of the store that are accounted for in the era. */
  #life: number;
  #following: Promise<void> | undefined;

  private constructor(options: ClusterStateOptions, found: Found, life: number) {
    this.#store = options.store;
    this.#log = options.log;
    this.#clock = options.clock;
    this.#record = found.record;
    this.#revision = found.modRevision;
    this.#life = life;
  }

  /** Reads the era; begins it at 1 where the store has none. */
  static async open(options: ClusterStateOptions): Promise<ClusterState> {
    const { store, clock } = options;
    const { life } = store;
    const begun = { era: 1, clusterId: randomId(), unconfirmed: false, reason: 'begun', sinceUnixMs: clock.now() };
    await store.commit({
      if: [{ key: keys.era, exists: false }],
      then: [{ put: keys.era, value: values.era.encode(begun) }],
    });
    const found = await readEra(store);
    if (found === undefined) throw new MusterError('CONFLICT', 'the store lost its era while it was being read');
    const state = new ClusterState(options, found, life);
    state.#following = state.#follow();
    return state;
  }

  get era(): number {
    return this.#record.era;
  }

  /** The store was found wiped, and nobody has confirmed that yet: read-only. */
  get unconfirmed(): boolean {
    return this.#record.unconfirmed;
  }

  /** `begun`, `rolled-back` or `wiped`. */
  get reason(): string {
    return this.#record.reason;
  }

  get sinceUnixMs(): number {
    return this.#record.sinceUnixMs;
  }

  /** Random, of this life of the store. */
  get clusterId(): string {
    return this.#record.clusterId;
  }

  /** The store has lost jobs in its past: a result whose job is unknown may be of one of them. */
  get mayHaveLostJobs(): boolean {
    return this.#record.reason !== 'begun';
  }

  /** Throws STORE_UNCONFIRMED where nothing may be changed yet. */
  requireConfirmed(): void {
    if (!this.unconfirmed) return;
    const message = `the store was found wiped (era ${this.era}); it is read-only until an operator runs: muster cluster confirm`;
    throw new MusterError('STORE_UNCONFIRMED', message);
  }

  /** Calls the listener after every change of the era or of its confirmation; returns what ends that. */
  changed(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** As `changed`, only where the era rises: the store's revisions may be lower from then on. */
  raised(listener: () => void): () => void {
    let { era } = this;
    return this.changed(() => {
      if (this.era === era) return;
      era = this.era;
      listener();
    });
  }

  /** Looks whether the store is still the one it was, and raises the era where it is not. Ask it before claiming anew. */
  async check(): Promise<void> {
    for (let tries = 0; tries < maxTries; tries += 1) {
      const found = await readEra(this.#store);
      const { life } = this.#store;
      const view = { known: this.#record, found: found?.record, setBack: life !== this.#life };
      const change = eraOf(view, randomId());
      if (change === undefined || (await this.#write(change, found?.modRevision ?? 0))) {
        this.#life = life;
        if (change === undefined && found !== undefined) this.#take(found);
        return;
      }
    }
    throw new MusterError('CONFLICT', 'the era of the store changes all the time');
  }

  /**
   * An agent has seen a higher epoch than `claimed`, which it was just given here: raises the era above it. When it resolves the claim is to
   * be done again. INVALID_FIELD `hello.highest_epoch` where no store can have given it, TOO_MANY where agents have raised it
   * often of late.
   */
  async rolledBack(agent: Epoch, { knownNode, claimed }: { knownNode: boolean; claimed?: Epoch }): Promise<void> {
    for (let tries = 0; tries < maxTries; tries += 1) {
      const found = await readEra(this.#store);
      if (found === undefined) {
        await this.check();
        continue;
      }
      const submitted = await this.#store.list(keys.submittedPrefix, { limit: 1 });
      const anyJob = submitted.entries.length > 0;
      const given = claimed ?? { era: found.record.era, revision: submitted.revision + 1 };
      const change = eraByAgent({ found: found.record, given, agent, knownNode, anyJob });
      if (change === 'implausible') {
        const message = `hello.highest_epoch: era ${agent.era} is far beyond this store's, ${found.record.era}`;
        throw new MusterError('INVALID_FIELD', message, { field: 'hello.highest_epoch' });
      }
      if (change === undefined) return this.#take(found);
      this.#countRaise();
      if (await this.#write(change, found.modRevision)) return;
    }
    throw new MusterError('CONFLICT', 'the era of the store changes all the time');
  }

  /** An operator has seen it; the era that is confirmed. ERA_CHANGED where `era` is given (not 0) and not the present one. */
  async confirm(era = 0): Promise<number> {
    for (let tries = 0; tries < maxTries; tries += 1) {
      const found = await readEra(this.#store);
      if (found === undefined) {
        await this.check();
        continue;
      }
      this.#take(found);
      if (era !== 0 && era !== found.record.era) {
        throw new MusterError('ERA_CHANGED', `era: the store is at ${found.record.era}, not ${era}`, { field: 'era' });
      }
      if (!found.record.unconfirmed) return found.record.era;
      const record = { ...found.record, unconfirmed: false };
      const { succeeded, revision } = await this.#store.commit({
        if: [{ key: keys.era, modRevision: found.modRevision }],
        then: [{ put: keys.era, value: values.era.encode(record) }],
      });
      if (!succeeded) continue;
      this.#take({ record, modRevision: revision });
      return record.era;
    }
    throw new MusterError('CONFLICT', 'the era of the store changes all the time');
  }

  async close(): Promise<void> {
    this.#abort.abort(new Error('the replica stops'));
    await this.#following;
  }

  async #write(change: NonNullable<EraChange>, modRevision: number): Promise<boolean> {
    const record = { ...change, sinceUnixMs: this.#clock.now() };
    const { succeeded, revision } = await this.#store.commit({
      if: [{ key: keys.era, modRevision }],
      then: [{ put: keys.era, value: values.era.encode(record) }],
    });
    if (succeeded) this.#take({ record, modRevision: revision });
    return succeeded;
  }

  #take({ record, modRevision }: Found): void {
    // An answer that was overtaken. In another life of the store revisions begin anew, and the era is higher.
    if (record.era < this.#record.era || (record.era === this.#record.era && modRevision <= this.#revision)) return;
    const { era, unconfirmed } = this.#record;
    this.#record = record;
    this.#revision = modRevision;
    if (record.era === era && record.unconfirmed === unconfirmed) return;
    const fields = {
      'cluster.era': record.era,
      'cluster.reason': record.reason,
      'cluster.unconfirmed': record.unconfirmed,
    };
    this.#log.warn(fields, record.era === era ? 'the era of the store is confirmed' : 'the era of the store has risen');
    for (const listener of this.#listeners) listener();
  }

  #countRaise(): void {
    const nowMs = this.#clock.monotonic();
    while (this.#raisesMs[0] !== undefined && this.#raisesMs[0] < nowMs - raisesWindowMs) this.#raisesMs.shift();
    if (this.#raisesMs.length >= maxRaisesByAgents) {
      throw new MusterError('TOO_MANY', 'agents have raised the era too often within an hour', {
        retryAfterMs: 60_000,
      });
    }
    this.#raisesMs.push(nowMs);
  }

  async #follow(): Promise<void> {
    const { signal } = this.#abort;
    while (!signal.aborted) {
      try {
        for await (const { events } of this.#store.watch(keys.era, this.#revision + 1, signal)) {
          if (events.some(({ type }) => type === 'delete')) throw new Error('the era is gone');
          await this.check();
        }
      } catch (error) {
        if (signal.aborted) return;
        this.#log.warn({ err: error }, 'looking anew at the era of the store');
        await this.check().catch((failed: unknown) => {
          this.#log.warn({ err: failed }, 'the era of the store can not be read now');
        });
        await sleep(retryMs, signal).catch(() => {});
      }
    }
  }
}

interface Found {
  readonly record: EraRecord;
  readonly modRevision: number;
}

async function readEra(store: Store): Promise<Found | undefined> {
  const entry = await store.get(keys.era);
  return entry && { record: values.era.decode(entry.value), modRevision: entry.modRevision };
}

const randomId = (): string => randomBytes(16).toString('hex');
