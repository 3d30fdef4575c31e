import type { ReplicaRecord } from '../proto/gen/muster/store/v1/ReplicaRecord.ts';
import { MusterError } from '../shared/errors.ts';
import type { Log } from '../shared/log.ts';
import { RpcClient } from '../shared/rpc/client.ts';
import { clusterMethods } from '../shared/rpc/methods.ts';
import { sleep } from '../shared/time.ts';
import { keys } from './store/keys.ts';
import type { Entry, Lease, Store } from './store/store.ts';
import { values } from './store/values.ts';

const retryMs = 500;
const askTimeoutMs = 2000;

export interface ReplicaNameOptions {
  readonly store: Store;
  readonly lease: () => Lease;
  readonly log: Log;
  readonly name: string;
  /** Random, of this process. */
  readonly incarnation: string;
  /** Name of the replica that answers at an address; undefined where none does. */
  readonly askName: (address: string) => Promise<string | undefined>;
  /** Another process has this replica's name now: this one must not act any more. */
  readonly displaced: (reason: MusterError) => void;
}

/**
 * This replica's record in the store, by which the others find it, and with it its name. The name is one living process's: a second one is
 * refused; one that froze while another took its place ends.
 */
export class ReplicaName {
  readonly #options: ReplicaNameOptions;
  readonly #abort = new AbortController();
  #record: Buffer | undefined;
  /** Revision of a record of a process that is known to be gone. */
  #goneRevision = 0;
  #announced = false;
  #watching: Promise<void> | undefined;

  constructor(options: ReplicaNameOptions) {
    this.#options = options;
  }

  /** REPLICA_NAME_TAKEN where a living replica has the name. Ask before listening: its address may be this one's own. */
  async check(): Promise<void> {
    const found = await this.#read();
    if (found !== undefined && !this.#isOwn(found)) await this.#requireGone(found);
  }

  /** Writes the record and keeps it there, until `close`. */
  async announce(record: Omit<ReplicaRecord, 'name' | 'incarnation'>): Promise<void> {
    const { name, incarnation } = this.#options;
    this.#record = values.replica.encode({ ...record, name, incarnation });
    const revision = await this.#write();
    this.#announced = true;
    this.#watching = this.#watch(revision);
  }

  /** After a lost lease: again, under the new one. */
  async announceAgain(): Promise<void> {
    if (this.#announced) await this.#write();
  }

  async close(): Promise<void> {
    this.#abort.abort(new Error('the replica stops'));
    await this.#watching;
  }

  async #write(): Promise<number> {
    const { store, lease, name } = this.#options;
    const put = keys.replica(name);
    for (;;) {
      this.#abort.signal.throwIfAborted();
      const found = await this.#read();
      if (found !== undefined && !this.#isOwn(found)) {
        if (this.#announced) throw this.#displacedBy(found);
        if (found.modRevision !== this.#goneRevision) await this.#requireGone(found);
      }
      const { succeeded, revision } = await store.commit({
        if: [{ key: put, modRevision: found?.modRevision ?? 0 }],
        then: [{ put, value: this.#record ?? Buffer.alloc(0), lease: lease() }],
      });
      if (succeeded) return revision;
    }
  }

  async #requireGone(found: Entry): Promise<void> {
    const { name, askName } = this.#options;
    const { address } = values.replica.decode(found.value);
    if ((await askName(address)) === name) {
      const message = `a replica named ${name} runs at ${address} already; give each its own with --name`;
      throw new MusterError('REPLICA_NAME_TAKEN', message, { field: 'name' });
    }
    this.#goneRevision = found.modRevision;
  }

  #displacedBy(found: Entry): MusterError {
    const { name, displaced } = this.#options;
    const { address } = values.replica.decode(found.value);
    const reason = new MusterError('REPLICA_NAME_TAKEN', `the replica at ${address} has taken the name ${name}`);
    this.#abort.abort(reason);
    displaced(reason);
    return reason;
  }

  async #watch(from: number): Promise<void> {
    const { store, log, name } = this.#options;
    const { signal } = this.#abort;
    const key = keys.replica(name);
    for (let next = from + 1; !signal.aborted; ) {
      try {
        for await (const { events, revision } of store.watch(key, next, signal)) {
          next = revision + 1;
          const last = events.findLast((event) => (event.type === 'put' ? event.entry.key : event.key) === key);
          if (last?.type === 'put' && !this.#isOwn(last.entry)) throw this.#displacedBy(last.entry);
          // Deleted behind its back, or with a lease that was lost: the next one announces again, and so does this.
          if (last?.type === 'delete') next = Math.max(next, (await this.#write()) + 1);
        }
      } catch (error) {
        if (signal.aborted) return;
        log.warn({ err: error }, 'looking anew at the record of this replica');
        await sleep(retryMs, signal).catch(() => {});
        await this.#write().then(
          (revision) => {
            next = revision + 1;
          },
          () => {},
        );
      }
    }
  }

  async #read(): Promise<Entry | undefined> {
    return await this.#options.store.get(keys.replica(this.#options.name));
  }

  #isOwn(entry: Entry): boolean {
    return values.replica.decode(entry.value).incarnation === this.#options.incarnation;
  }
}

/** What the replica at an address calls itself; undefined where none answers in time. */
export async function askName(address: string): Promise<string | undefined> {
  const client = new RpcClient({ servers: [address] });
  try {
    return (await client.call(clusterMethods.GetVersion, {}, { timeoutMs: askTimeoutMs })).replica;
  } catch {
    return undefined;
  } finally {
    client.close();
  }
}
