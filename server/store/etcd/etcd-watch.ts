import type { ClientDuplexStream } from '@grpc/grpc-js';
import type { IEvent, IWatchRequest, IWatchResponse, WatchClient } from 'etcd3';
import type { Log } from '../../../shared/log.ts';
import { type Clock, fullJitterMs, sleep } from '../../../shared/time.ts';
import { CompactedError, type WatchBatch } from '../store.ts';
import type { Wire } from './wire.ts';

export interface EtcdWatchOptions {
  readonly client: WatchClient;
  readonly wire: Wire;
  readonly prefix: string;
  readonly fromRevision: number;
  readonly signal: AbortSignal;
  readonly clock: Clock;
  readonly log: Log;
  /** Rejects with CompactedError where the history no longer holds everything from the revision on. */
  readonly verify: (fromRevision: number) => Promise<void>;
}

type Stream = ClientDuplexStream<IWatchRequest, IWatchResponse>;

const createdWithinMs = 5000;
const retryBaseMs = 50;
const retryCapMs = 1000;

/**
 * A watch that goes on after the last revision it delivered, whatever becomes of its stream. etcd3's own `Watcher` resumes
 * from the revision in a response's header, which is ahead of the events while they catch up, and so loses some.
 */
export class EtcdWatch {
  readonly #options: EtcdWatchOptions;
  /** The first revision that is still to be delivered. */
  #next: number;
  #attempt = 0;

  constructor(options: EtcdWatchOptions) {
    this.#options = options;
    this.#next = options.fromRevision;
  }

  async *run(): AsyncGenerator<WatchBatch, void, undefined> {
    const { signal, log, prefix } = this.#options;
    while (!signal.aborted) {
      try {
        yield* this.#stream();
      } catch (error) {
        if (error instanceof CompactedError) throw error;
        if (signal.aborted) return;
        const fields = {
          'store.prefix': prefix,
          'store.revision': this.#next,
          'store.error': (error as Error).message,
        };
        log.warn(fields, 'watch of etcd resumes');
      }
      await sleep(fullJitterMs(this.#attempt++, retryBaseMs, retryCapMs), signal).catch(() => undefined);
    }
  }

  /** One stream, until it ends or fails. */
  async *#stream(): AsyncGenerator<WatchBatch, void, undefined> {
    const { client, wire, prefix, signal, clock, verify } = this.#options;
    const stream = (await client.watch()) as unknown as Stream;
    const cancel = (): void => stream.cancel();
    stream.on('error', () => undefined);
    signal.addEventListener('abort', cancel, { once: true });
    const watchdog = clock.after(createdWithinMs, cancel);
    try {
      signal.throwIfAborted();
      stream.write({
        create_request: { ...wire.range(prefix), start_revision: this.#next, fragment: true, progress_notify: true },
      });
      let held: IEvent[] = [];
      for await (const response of stream as AsyncIterable<IWatchResponse>) {
        watchdog.cancel();
        refuse(response);
        if (response.created) {
          await verify(this.#next);
          this.#attempt = 0;
        } else if (response.events.length === 0 && !response.fragment && held.length === 0) {
          // Progress: everything up to the header's revision has been sent.
          this.#next = Math.max(this.#next, Number(response.header.revision) + 1);
        } else {
          held = held.concat(response.events);
          const whole = response.fragment ? beforeLastRevision(held) : held.length;
          const batch = this.#take(held.slice(0, whole));
          held = held.slice(whole);
          if (batch !== undefined) yield batch;
        }
      }
      throw new Error('etcd ended the watch');
    } finally {
      watchdog.cancel();
      signal.removeEventListener('abort', cancel);
      stream.cancel();
    }
  }

  #take(events: readonly IEvent[]): WatchBatch | undefined {
    const fresh = events.filter((event) => Number(event.kv.mod_revision) >= this.#next);
    const last = fresh.at(-1);
    if (last === undefined) return undefined;
    const revision = Number(last.kv.mod_revision);
    this.#next = revision + 1;
    return { revision, events: fresh.map((event) => this.#options.wire.event(event)) };
  }
}

function refuse(response: IWatchResponse): void {
  const compacted = Number(response.compact_revision);
  // etcd 3.4 may drop a deletion in the very revision that was compacted at, though it lets one watch from there.
  if (compacted > 0) throw new CompactedError(compacted + 1);
  if (response.canceled) throw new Error(`etcd cancelled the watch: ${response.cancel_reason || 'no reason given'}`);
}

/** How many events come before those of the last revision, which may go on in the next fragment. */
function beforeLastRevision(events: readonly IEvent[]): number {
  const last = events.at(-1)?.kv.mod_revision;
  return events.findIndex(({ kv }) => kv.mod_revision === last);
}
