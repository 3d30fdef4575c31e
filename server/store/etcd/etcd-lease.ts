import type { ClientDuplexStream } from '@grpc/grpc-js';
import type { ILeaseKeepAliveRequest, ILeaseKeepAliveResponse, LeaseClient } from 'etcd3';
import type { Log } from '../../../shared/log.ts';
import type { Clock, Timer } from '../../../shared/time.ts';
import type { Lease } from '../store.ts';
import { isLeaseGone } from './store-error.ts';

export interface EtcdLeaseOptions {
  /** etcd's id, a decimal int64. */
  readonly id: string;
  readonly termMs: number;
  /** When the grant was sent. */
  readonly sentMs: number;
  readonly client: LeaseClient;
  readonly clock: Clock;
  readonly log: Log;
  readonly onLost: (lease: EtcdLease) => void;
}

type Stream = ClientDuplexStream<ILeaseKeepAliveRequest, ILeaseKeepAliveResponse>;

const renewalDeadlineMs = 1900;

/**
 * Renewed four times a term, each renewal a short stream of its own, so that the answer is surely the answer to it. Only
 * etcd can say that a lease is lost (after a restart it lets leases live longer); `deadlineMonotonicMs` is what binds us.
 */
export class EtcdLease implements Lease {
  readonly id: string;
  readonly termMs: number;
  readonly lost: Promise<string>;
  deadlineMonotonicMs: number;
  /** Why it is gone, once it is. */
  over: string | undefined;
  readonly #options: EtcdLeaseOptions;
  #resolveLost!: (reason: string) => void;
  #timer: Timer;

  constructor(options: EtcdLeaseOptions) {
    this.#options = options;
    this.id = options.id;
    this.termMs = options.termMs;
    this.deadlineMonotonicMs = options.sentMs + (options.termMs * 2) / 3;
    this.lost = new Promise((resolve) => {
      this.#resolveLost = resolve;
    });
    this.#timer = this.#armed(this.termMs / 4);
  }

  async close(reason = 'closed'): Promise<void> {
    if (this.over !== undefined) return;
    this.#end(reason);
    await this.#options.client.leaseRevoke({ ID: this.id }).catch(() => undefined);
  }

  #end(reason: string): void {
    if (this.over !== undefined) return;
    this.over = reason;
    this.#timer.cancel();
    this.#options.onLost(this);
    this.#resolveLost(reason);
  }

  #armed(ms: number): Timer {
    return this.#options.clock.after(ms, () => void this.#renew());
  }

  async #renew(): Promise<void> {
    const { clock, log } = this.#options;
    const sentMs = clock.monotonic();
    let alive = true;
    let waitMs = this.termMs / 4;
    try {
      alive = await this.#keepAlive();
      if (alive) this.deadlineMonotonicMs = Math.max(this.deadlineMonotonicMs, sentMs + (this.termMs * 2) / 3);
    } catch (error) {
      alive = !isLeaseGone(error);
      waitMs = Math.min(waitMs, 500);
      log.warn({ 'lease.id': this.id, 'store.error': (error as Error).message }, 'renewal of the lease failed');
    }
    if (this.over !== undefined) return;
    if (alive) this.#timer = this.#armed(waitMs);
    else this.#end('expired');
  }

  /** Whether etcd still knows the lease, which is then renewed. Rejects where it did not answer. */
  async #keepAlive(): Promise<boolean> {
    const stream = (await this.#options.client.leaseKeepAlive()) as unknown as Stream;
    stream.on('error', () => undefined);
    const watchdog = this.#options.clock.after(renewalDeadlineMs, () => stream.cancel());
    try {
      stream.write({ ID: this.id });
      // Half-closed, so that etcd ends the stream: a thousand cancels close a connection.
      stream.end();
      let ttl: string | undefined;
      for await (const response of stream as AsyncIterable<ILeaseKeepAliveResponse>) ttl = response.TTL;
      if (ttl === undefined) throw new Error('etcd did not answer the renewal');
      return Number(ttl) > 0;
    } finally {
      watchdog.cancel();
    }
  }
}
