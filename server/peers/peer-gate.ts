import type { PeerFrame__Output } from '../../proto/gen/muster/peer/v1/PeerFrame.ts';
import type { PeerHello } from '../../proto/gen/muster/peer/v1/PeerHello.ts';
import type { ReplicaRecord__Output } from '../../proto/gen/muster/store/v1/ReplicaRecord.ts';
import { MusterError } from '../../shared/errors.ts';
import type { Log } from '../../shared/log.ts';
import type { Clock } from '../../shared/time.ts';
import { helloOf, isOfRecord, mayDial, stranger } from './greeting.ts';
import type { PeerTimes } from './peer-times.ts';
import { badFrame, type ControlStream, PeerWire } from './peer-wire.ts';

/** Streams whose hello has not come yet, or is looked up: more are refused. */
const maxStrangers = 64;

export interface PeerGateOptions {
  /** Of this replica. */
  readonly hello: PeerHello;
  /** What is known of a replica. */
  readonly record: (replica: string) => ReplicaRecord__Output | undefined;
  /** What the store itself says of it. */
  readonly ask: (replica: string) => Promise<ReplicaRecord__Output | undefined>;
  /** Makes the link once both have said who they are. */
  readonly open: (record: ReplicaRecord__Output, wire: PeerWire) => unknown;
  readonly times: PeerTimes;
  readonly clock: Clock;
  readonly log: Log;
}

/** Where peers that dial come in: judges their hello, answers it, and makes the link. */
export class PeerGate {
  readonly #options: PeerGateOptions;
  readonly #strangers = new Set<PeerWire>();
  #closed = false;

  constructor(options: PeerGateOptions) {
    this.#options = options;
  }

  /** `hangUp` ends the stream, with an error to the peer where one is given. */
  enter(stream: ControlStream, hangUp: (error: MusterError | undefined) => void): void {
    const { clock, log, times } = this.#options;
    let heard = false;
    const wire: PeerWire = new PeerWire({
      ...{ stream, hangUp },
      receiver: {
        frame: (frame) => {
          if (heard) throw badFrame('frame', 'nothing may come before hello is answered');
          heard = true;
          late.cancel();
          this.#judge(frame, wire);
        },
        closed: (reason) => {
          late.cancel();
          this.#strangers.delete(wire);
          log.warn({ err: reason }, 'a peer was not let in');
        },
      },
    });
    const late = clock.after(times.connectMs, () => wire.end(badFrame('hello', 'did not come')));
    this.#strangers.add(wire);
    if (this.#closed) wire.end(new MusterError('REPLICA_STOPPING', 'this replica is stopping'));
    else if (this.#strangers.size > maxStrangers) wire.end(new MusterError('TOO_MANY', 'too many peers at once'));
  }

  close(): void {
    this.#closed = true;
    for (const wire of [...this.#strangers]) wire.end(new MusterError('REPLICA_STOPPING', 'this replica is stopping'));
  }

  #judge(frame: PeerFrame__Output, wire: PeerWire): void {
    const hello = helloOf(frame);
    mayDial(this.#options.hello.replica ?? '', hello);
    const record = this.#options.record(hello.replica);
    if (record && isOfRecord(hello, record)) return this.#welcome(record, wire);
    // It may have been announced a moment ago.
    this.#options.ask(hello.replica).then(
      (asked) => {
        if (!wire.open) return;
        if (asked && isOfRecord(hello, asked)) this.#welcome(asked, wire);
        else wire.end(stranger(hello, asked));
      },
      (error: unknown) => wire.end(error instanceof MusterError ? error : stranger(hello, record)),
    );
  }

  #welcome(record: ReplicaRecord__Output, wire: PeerWire): void {
    this.#strangers.delete(wire);
    wire.send({ hello: this.#options.hello });
    this.#options.open(record, wire);
  }
}
