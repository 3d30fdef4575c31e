import { connectivityState, credentials } from '@grpc/grpc-js';
import type { NodeUid } from '../../shared/ids.ts';
import type { Log } from '../../shared/log.ts';
import { type Dialled, dialServer } from '../../shared/rpc/dial.ts';
import { fullJitterMs, sleep } from '../../shared/time.ts';
import type { ReadHandle, ReadOptions, ReadSink } from '../fleet/session.ts';
import { maxMessageBytes } from './peer-methods.ts';
import type { PeerTimes } from './peer-times.ts';
import { RemoteRead } from './remote-read.ts';

/** Of HTTP/2: bytes a peer may send before it waits for us. What bounds them is the credit of each read. */
const windowBytes = 4 * 1024 * 1024;

export interface ReadConnectionOptions {
  readonly replica: string;
  readonly address: string;
  /** It can be read from (again). */
  readonly ready: () => void;
  readonly times: PeerTimes;
  readonly log: Log;
  readonly random: () => number;
}

/** The connection for reads to one peer: dialled when the first is wanted, again with full jitter when it broke. */
export class ReadConnection {
  readonly #options: ReadConnectionOptions;
  readonly #abort = new AbortController();
  readonly #reads = new Set<RemoteRead>();
  #dialled: Dialled | undefined;
  #dialling = false;
  #failures = 0;

  constructor(options: ReadConnectionOptions) {
    this.#options = options;
  }

  /** Undefined while there is no connection; `ready` tells of it. `nodeAway` is called where the peer says so. */
  open(node: NodeUid, read: ReadOptions, sink: ReadSink, nodeAway: () => void): ReadHandle | undefined {
    const dialled = this.#dialled;
    if (this.#abort.signal.aborted) return undefined;
    if (dialled?.client.getChannel().getConnectivityState(false) !== connectivityState.READY) {
      this.#broken(dialled);
      void this.#dial();
      return undefined;
    }
    const opened: RemoteRead = new RemoteRead({
      ...{ client: dialled.client, uid: node, read },
      sink: {
        piece: (output) => {
          this.#failures = 0;
          sink.piece(output);
        },
        failed: (error) => sink.failed(error),
        lost: () => sink.lost(),
      },
      lost: (loss) => (loss === 'node-away' ? nodeAway() : this.#broken(dialled)),
      over: () => this.#reads.delete(opened),
    });
    this.#reads.add(opened);
    return opened;
  }

  /** Loses every read. */
  close(): void {
    this.#abort.abort(new Error('the link is down'));
    this.#dialled?.destroy();
    this.#dialled = undefined;
    for (const read of [...this.#reads]) read.drop();
  }

  /** Its reads end by themselves; new ones get another. */
  #broken(dialled: Dialled | undefined): void {
    if (dialled === undefined || this.#dialled !== dialled) return;
    this.#dialled = undefined;
    dialled.client.close();
  }

  async #dial(): Promise<void> {
    if (this.#dialling) return;
    this.#dialling = true;
    const { address: server, times, random, log, replica } = this.#options;
    const { signal } = this.#abort;
    const { connectMs: timeoutMs, keepaliveIntervalMs, keepaliveTimeoutMs } = times;
    try {
      for (;;) {
        if (this.#failures > 0) {
          await sleep(fullJitterMs(this.#failures, times.redialBaseMs, times.redialCapMs, random), signal);
        }
        this.#failures += 1;
        try {
          const dialled = await dialServer({
            ...{ server, credentials: credentials.createInsecure(), signal, maxMessageBytes },
            ...{ timeoutMs, keepaliveIntervalMs, keepaliveTimeoutMs },
            channel: { 'grpc-node.flow_control_window': windowBytes },
          });
          if (signal.aborted) dialled.destroy();
          else this.#dialled = dialled;
          break;
        } catch (error) {
          signal.throwIfAborted();
          log.debug({ err: error, peer: replica, address: server }, 'no connection for reads yet; dialling again');
        }
      }
    } catch {
      return;
    } finally {
      this.#dialling = false;
    }
    if (!signal.aborted) this.#options.ready();
  }
}
