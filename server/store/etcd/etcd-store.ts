import { ChannelCredentials } from '@grpc/grpc-js';
import {
  type IRangeRequest,
  type IRangeResponse,
  KVClient,
  LeaseClient,
  SortOrder,
  SortTarget,
  WatchClient,
} from 'etcd3';
import { invalidField, MusterError } from '../../../shared/errors.ts';
import type { Log } from '../../../shared/log.ts';
import { type Clock, systemClock } from '../../../shared/time.ts';
import { checkKey, checkPrefix } from '../key-range.ts';
import { keys } from '../keys.ts';
import {
  type Committed,
  CompactedError,
  type Entry,
  type Lease,
  type ListOptions,
  type Operation,
  type Page,
  type Store,
  type Transaction,
  type WatchBatch,
} from '../store.ts';
import { checkListOptions, checkTransaction, defaultPage } from '../transaction-rules.ts';
import { Endpoints } from './endpoints.ts';
import { EtcdLease } from './etcd-lease.ts';
import { EtcdWatch } from './etcd-watch.ts';
import { isCompacted, isFuture, isTooLarge } from './store-error.ts';
import { StoreLife } from './store-life.ts';
import { type EtcdOperation, Wire } from './wire.ts';

/** PEM each. */
export interface EtcdTls {
  readonly rootCertificate?: Buffer;
  readonly privateKey?: Buffer;
  readonly certificate?: Buffer;
  /** Name that the members' certificates bear; needed where an endpoint is an IP address. */
  readonly serverName?: string;
}

export interface EtcdStoreOptions {
  /** `host:port` each. */
  readonly endpoints: readonly string[];
  /** Before every key, for example `muster/`. */
  readonly prefix: string;
  readonly log: Log;
  readonly clock?: Clock;
  /** Plain text without it. */
  readonly tls?: EtcdTls;
}

/** Under the 2 s that the interface promises, and under a submit's 1.8 s, so that whoever waits for us can still say why. */
const deadlineMs = 1700;

/** The store that several replicas share. */
export class EtcdStore implements Store {
  readonly driver = 'etcd';
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #wire: Wire;
  readonly #endpoints: Endpoints;
  readonly #kv: KVClient;
  readonly #leaseClient: LeaseClient;
  readonly #watchClient: WatchClient;
  readonly #leases = new Set<EtcdLease>();
  readonly #life = new StoreLife((from, to) => this.#setBack(from, to));
  readonly #closing = new AbortController();
  #closed: Promise<void> | undefined;

  private constructor({ endpoints, prefix, log, clock = systemClock, tls }: EtcdStoreOptions) {
    this.#log = log;
    this.#clock = clock;
    this.#wire = new Wire(prefix);
    const credentials =
      tls === undefined
        ? ChannelCredentials.createInsecure()
        : ChannelCredentials.createSsl(tls.rootCertificate, tls.privateKey, tls.certificate);
    const name = tls?.serverName !== undefined && { serverName: tls.serverName };
    this.#endpoints = new Endpoints({ addresses: endpoints, credentials, deadlineMs, ...name });
    this.#kv = new KVClient(this.#endpoints);
    this.#leaseClient = new LeaseClient(this.#endpoints);
    this.#watchClient = new WatchClient(this.#endpoints);
  }

  /** Rejects with STORE_UNAVAILABLE where no endpoint answers. */
  static async open(options: EtcdStoreOptions): Promise<EtcdStore> {
    const { endpoints, prefix, tls } = options;
    if (endpoints.length === 0) throw invalidField('endpoints', 'must not be empty');
    checkPrefix(prefix);
    if (tls !== undefined && tls.serverName === undefined && endpoints.some(isAddress)) {
      throw invalidField('endpoints', 'with TLS an IP address needs the server name that its certificate bears');
    }
    const store = new EtcdStore(options);
    try {
      const revision = await store.revision();
      options.log.info(
        { 'store.endpoints': endpoints, 'store.prefix': prefix, 'store.revision': revision },
        'etcd open',
      );
      return store;
    } catch (error) {
      await store.close();
      throw error;
    }
  }

  async get(key: string): Promise<Entry | undefined> {
    this.#refuseWhenClosed();
    checkKey(key);
    const { kvs } = await this.#read({ key: this.#wire.key(key) });
    return kvs[0] && this.#wire.entry(kvs[0]);
  }

  async list(prefix: string, options: ListOptions = {}): Promise<Page> {
    this.#refuseWhenClosed();
    checkPrefix(prefix);
    checkListOptions(options);
    const { after, limit = defaultPage, revision, descending = false } = options;
    const range = this.#wire.range(prefix);
    if (after !== undefined) {
      const bound = this.#wire.key(after);
      if (descending && Buffer.compare(bound, range.range_end) < 0) range.range_end = bound;
      else if (!descending && Buffer.compare(bound, range.key) >= 0) range.key = this.#wire.key(`${after}\0`);
    }
    // etcd takes an end that is not after the beginning for nothing at all, or for a single key.
    if (Buffer.compare(range.key, range.range_end) >= 0) {
      return { entries: [], revision: revision ?? (await this.revision()), more: false };
    }
    const answer = await this.#range({
      ...range,
      limit,
      ...(revision !== undefined && { revision }),
      ...(descending && { sort_order: SortOrder.Descend, sort_target: SortTarget.Key }),
    });
    return {
      entries: answer.kvs.map((pair) => this.#wire.entry(pair)),
      revision: revision ?? Number(answer.header.revision),
      more: answer.more,
    };
  }

  async commit(transaction: Transaction): Promise<Committed> {
    this.#refuseWhenClosed();
    checkTransaction(transaction);
    const { if: compares = [], then, otherwise = [], get = [] } = transaction;
    const reads = get.map((key) => this.#wire.get(key));
    const branch = (operations: readonly Operation[]) =>
      reads.concat(operations.map((operation) => this.#wire.operation(this.#checkLease(operation))));
    const sent = this.#life.sent();
    const answer = await this.#kv.txn({
      compare: compares.map((compare) => this.#wire.compare(compare)),
      success: branch(then),
      failure: branch(otherwise),
    });
    this.#life.answered(sent, Number(answer.header.revision));
    const entries = get.map((_, n) => {
      const pair = answer.responses[n]?.response_range.kvs[0];
      return pair && this.#wire.entry(pair);
    });
    return { succeeded: answer.succeeded, revision: Number(answer.header.revision), entries };
  }

  async *watch(prefix: string, fromRevision: number, signal: AbortSignal): AsyncGenerator<WatchBatch, void, undefined> {
    checkPrefix(prefix);
    const life = this.#life.current;
    const began: { era?: string } = {};
    yield* new EtcdWatch({
      client: this.#watchClient,
      wire: this.#wire,
      prefix,
      fromRevision,
      signal: AbortSignal.any([signal, this.#closing.signal]),
      clock: this.#clock,
      log: this.#log,
      verify: (from) => this.#verify(from, life, began),
    }).run();
  }

  async lease(termMs: number): Promise<Lease> {
    this.#refuseWhenClosed();
    if (!(termMs >= 1)) throw invalidField('termMs', `must be at least 1, not ${termMs}`);
    const sentMs = this.#clock.monotonic();
    const { ID: id } = await this.#leaseClient.leaseGrant({ TTL: Math.ceil(termMs / 1000), ID: 0 });
    if (this.#closing.signal.aborted) {
      await this.#leaseClient.leaseRevoke({ ID: id }).catch(() => undefined);
      this.#refuseWhenClosed();
    }
    const lease = new EtcdLease({
      id,
      termMs,
      sentMs,
      client: this.#leaseClient,
      clock: this.#clock,
      log: this.#log,
      onLost: (lost) => this.#leases.delete(lost),
    });
    this.#leases.add(lease);
    return lease;
  }

  async revision(): Promise<number> {
    this.#refuseWhenClosed();
    const { header } = await this.#read({ key: this.#wire.key(keys.leader), count_only: true });
    return Number(header.revision);
  }

  get life(): number {
    return this.#life.current;
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#closing.abort();
    await Promise.all([...this.#leases].map((lease) => lease.close()));
    this.#endpoints.close();
  }

  #refuseWhenClosed(): void {
    if (this.#closing.signal.aborted) throw new MusterError('STORE_UNAVAILABLE', 'the store is closed');
  }

  /** A smaller page is taken where one does not fit into a message. */
  async #range(request: IRangeRequest & { limit: number }): Promise<IRangeResponse> {
    try {
      return await this.#read(request);
    } catch (error) {
      if (isCompacted(error)) throw new CompactedError(Number(request.revision) + 2);
      if (isFuture(error)) throw new CompactedError(1);
      if (!isTooLarge(error) || request.limit === 1) throw error;
      return this.#range({ ...request, limit: Math.ceil(request.limit / 8) });
    }
  }

  async #read(request: IRangeRequest): Promise<IRangeResponse> {
    const sent = this.#life.sent();
    const answer = await this.#kv.range(request);
    this.#life.answered(sent, Number(answer.header.revision));
    return answer;
  }

  /**
   * That a watch which (re)starts at `from` still misses nothing: the history holds it, and the store is the one in which it began, by its
   * revision and by its era, which rises when others have noticed.
   */
  async #verify(from: number, life: number, began: { era?: string }): Promise<void> {
    const { kvs } = await this.#read({ key: this.#wire.key(keys.era) });
    const era = kvs[0]?.value.toString('latin1') ?? '';
    began.era ??= era;
    if (this.#life.current !== life || began.era !== era) throw new CompactedError(1);
    if (from > 1) {
      await this.#range({ key: this.#wire.key(keys.leader), count_only: true, revision: from - 1, limit: 1 });
    }
  }

  #setBack(from: number, to: number): void {
    this.#log.error(
      { 'store.revision': to, 'store.revision.before': from },
      'etcd is not what it was: wiped, or restored',
    );
    // What was claimed under them is gone, in part at least: their owners claim all of it anew.
    for (const lease of [...this.#leases]) void lease.close('the store was set back');
  }

  #checkLease(operation: Operation): EtcdOperation {
    if (!('put' in operation) || operation.lease === undefined) return operation as EtcdOperation;
    const { put, value, lease } = operation;
    if (!(lease instanceof EtcdLease)) throw invalidField('lease', 'was not granted by this store');
    if (!this.#leases.has(lease))
      throw new MusterError('CONFLICT', `the lease is gone: ${lease.over ?? 'of another store'}`);
    return { put, value, lease: lease.id };
  }
}

const isAddress = (endpoint: string): boolean => /^(\[|\d+\.\d+\.\d+\.\d+:)/.test(endpoint);
