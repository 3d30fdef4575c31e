import { credentials, Metadata } from '@grpc/grpc-js';
import type { PeerHello } from '../../proto/gen/muster/peer/v1/PeerHello.ts';
import type { ReplicaRecord__Output } from '../../proto/gen/muster/store/v1/ReplicaRecord.ts';
import type { Log } from '../../shared/log.ts';
import { type Dialled, dialServer } from '../../shared/rpc/dial.ts';
import { type Clock, fullJitterMs, sleep } from '../../shared/time.ts';
import type { ControlLink } from './control-link.ts';
import { helloOf, isOfRecord, stranger } from './greeting.ts';
import { type ControlMessage, controlCall, maxMessageBytes } from './peer-methods.ts';
import type { PeerTimes } from './peer-times.ts';
import { PeerWire } from './peer-wire.ts';

export interface PeerDialerOptions {
  readonly replica: string;
  readonly hello: PeerHello;
  /** What the store says of the peer now. */
  readonly record: () => ReplicaRecord__Output | undefined;
  /** The store knows the peer no more: this one is done. */
  readonly gone: () => void;
  /** Makes the link once both have said who they are. */
  readonly open: (record: ReplicaRecord__Output, wire: PeerWire) => ControlLink;
  readonly times: PeerTimes;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: () => number;
}

/** Keeps one link to one peer for as long as the store knows it: dials, waits for its end, dials again with full jitter. */
export class PeerDialer {
  readonly #options: PeerDialerOptions;
  readonly #abort = new AbortController();
  readonly #loop: Promise<void>;
  #wake = (): void => {};
  #wire: PeerWire | undefined;

  constructor(options: PeerDialerOptions) {
    this.#options = options;
    this.#loop = this.#keep();
  }

  /** The peer's record has changed: no reason to wait any longer. */
  recordChanged(): void {
    this.#wake();
  }

  async close(): Promise<void> {
    const reason = new Error('the replica stops');
    this.#abort.abort(reason);
    this.#wire?.end(undefined, reason);
    await this.#loop;
  }

  async #keep(): Promise<void> {
    const { record, times, clock, log, replica, random } = this.#options;
    const { signal } = this.#abort;
    for (let failures = 0; !signal.aborted; ) {
      const known = record();
      if (known === undefined) return this.#options.gone();
      try {
        const link = await this.#dial(known);
        const sinceMs = clock.monotonic();
        await link.down;
        // One that breaks again and again is no reason to hurry.
        if (clock.monotonic() - sinceMs > times.silenceMs) failures = 0;
      } catch (error) {
        if (signal.aborted) return;
        const level = failures === 0 ? 'warn' : 'debug';
        log[level]({ err: error, peer: replica, address: known.address }, `no link to ${replica} yet; dialling again`);
      }
      failures += 1;
      await this.#pause(fullJitterMs(failures, times.redialBaseMs, times.redialCapMs, random));
    }
  }

  /** For so long, or until the record changes. */
  async #pause(ms: number): Promise<void> {
    const woken = new AbortController();
    this.#wake = () => woken.abort();
    const signal = AbortSignal.any([this.#abort.signal, woken.signal]);
    await sleep(ms, signal).catch(() => {});
    this.#wake = () => {};
  }

  async #dial(record: ReplicaRecord__Output): Promise<ControlLink> {
    const { times } = this.#options;
    const { signal } = this.#abort;
    const { keepaliveIntervalMs, keepaliveTimeoutMs } = times;
    const dialled = await dialServer({
      ...{ server: record.address, credentials: credentials.createInsecure(), signal, maxMessageBytes },
      ...{ timeoutMs: times.connectMs, keepaliveIntervalMs, keepaliveTimeoutMs },
      channel: { 'grpc-node.flow_control_window': 2 * 1024 * 1024 },
    });
    try {
      return await this.#greet(dialled, record);
    } catch (error) {
      dialled.destroy();
      throw error;
    }
  }

  #greet(dialled: Dialled, record: ReplicaRecord__Output): Promise<ControlLink> {
    const { hello, open, times, clock } = this.#options;
    const { path, serialize, deserialize } = controlCall;
    const stream = dialled.client.makeBidiStreamRequest<Buffer, ControlMessage>(
      path,
      serialize,
      deserialize,
      new Metadata(),
    );
    return new Promise((resolve, reject) => {
      const wire: PeerWire = new PeerWire({
        stream: stream as never,
        hangUp: () => dialled.destroy(),
        receiver: {
          // In the same breath: what follows is for the link.
          frame: (frame) => {
            const said = helloOf(frame);
            if (!isOfRecord(said, record)) throw stranger(said, record);
            late.cancel();
            resolve(open(record, wire));
          },
          closed: (reason) => {
            late.cancel();
            reject(reason);
          },
        },
      });
      const late = clock.after(times.connectMs, () => wire.end(undefined, new Error(`${record.name} says no hello`)));
      this.#wire = wire;
      wire.send({ hello });
    });
  }
}
