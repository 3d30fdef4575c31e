import type { PeerFrame, PeerFrame__Output } from '../../proto/gen/muster/peer/v1/PeerFrame.ts';
import type { PeerStatus, PeerStatus__Output } from '../../proto/gen/muster/peer/v1/PeerStatus.ts';
import type { ShedSessions__Output } from '../../proto/gen/muster/peer/v1/ShedSessions.ts';
import type { NodeUid } from '../../shared/ids.ts';
import type { Log } from '../../shared/log.ts';
import type { Clock, Timer } from '../../shared/time.ts';
import { LinkedSessions } from './linked-sessions.ts';
import type { LocalSessions } from './local-sessions.ts';
import type { PeerLink, PeerSink, RemoteSession } from './peer-link.ts';
import type { PeerTimes } from './peer-times.ts';
import { badFrame, type PeerWire } from './peer-wire.ts';
import { SessionFeed } from './session-feed.ts';

export interface ControlLinkOptions {
  readonly replica: string;
  /** Its process. */
  readonly incarnation: string;
  /** Where it serves. */
  readonly address: string;
  readonly wire: PeerWire;
  readonly local: LocalSessions;
  readonly sink: PeerSink;
  readonly status: () => PeerStatus;
  readonly shed: (frame: ShedSessions__Output) => void;
  readonly times: PeerTimes;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * One live control stream from the moment both sides have said who they are. Says what there is here and hears what there is
 * there; up once both snapshots have been said; over with its stream, or when nothing is heard for too long.
 */
export class ControlLink implements PeerLink {
  readonly replica: string;
  readonly incarnation: string;
  readonly address: string;
  /** Why it is over; resolves, never rejects. */
  readonly down: Promise<Error>;
  readonly #options: ControlLinkOptions;
  readonly #wire: PeerWire;
  readonly #sessions: LinkedSessions;
  readonly #feed: SessionFeed;
  #toldDown: (reason: Error) => void = () => {};
  /** Frames said before our snapshot was. */
  #early: PeerFrame[] | undefined = [];
  #heardSnapshot = false;
  #up = false;
  #heardAtMs: number;
  #silence: Timer;
  #nextStatus: Timer | undefined;
  #statusDueMs = 0;
  #peerStatus: PeerStatus__Output | undefined;

  constructor(options: ControlLinkOptions) {
    const { wire, local, clock, times } = options;
    this.#options = options;
    this.#wire = wire;
    this.replica = options.replica;
    this.incarnation = options.incarnation;
    this.address = options.address;
    this.down = new Promise((resolve) => {
      this.#toldDown = resolve;
    });
    this.#sessions = new LinkedSessions({
      link: this,
      opened: (session) => options.sink.sessionOpened(session),
      closed: (session) => this.#tell(() => options.sink.sessionClosed(session)),
    });
    this.#heardAtMs = clock.monotonic();
    this.#silence = clock.after(times.silenceMs, () => this.#listen());
    this.#sayStatusAt(clock.monotonic());
    wire.receiver = { frame: (frame) => this.#receive(frame), closed: (reason) => this.#closed(reason) };
    this.#feed = new SessionFeed({
      local,
      send: (frame) => wire.send(frame),
      drained: () => wire.drained(),
      snapshotSent: () => this.#snapshotSent(),
    });
  }

  get live(): boolean {
    return this.#wire.open;
  }

  /** All sessions of both snapshots have been told of. */
  get up(): boolean {
    return this.#up && this.live;
  }

  get sessions(): ReadonlyMap<NodeUid, RemoteSession> {
    return this.#sessions.all;
  }

  /** What the peer said last of itself. */
  get status(): PeerStatus__Output | undefined {
    return this.#peerStatus;
  }

  get queuedBytes(): number {
    return this.#wire.queuedBytes;
  }

  send(frame: PeerFrame): void {
    if (!this.live) return;
    if (this.#early) return void this.#early.push(frame);
    // A frame may speak of a session that is not told of yet.
    this.#feed.flush();
    this.#wire.send(frame);
  }

  drained(): Promise<void> {
    return this.#wire.drained();
  }

  /** Something in our status may have changed: says so soon. */
  statusChanged(): void {
    const { clock, times } = this.#options;
    const dueMs = clock.monotonic() + times.statusSettlesMs;
    // Never put off: what changes all the time is said all the same.
    if (this.live && dueMs < this.#statusDueMs) this.#sayStatusAt(dueMs);
  }

  /** Again is harmless. */
  end(reason: Error): void {
    this.#wire.end(undefined, reason);
  }

  #receive(frame: PeerFrame__Output): void {
    this.#heardAtMs = this.#options.clock.monotonic();
    if (frame.sessionsOpened) {
      this.#sessions.open(frame.sessionsOpened);
      if (!frame.sessionsOpened.snapshotEnd) return;
      if (this.#heardSnapshot) throw badFrame('sessions_opened.snapshot_end', 'was said before');
      this.#heardSnapshot = true;
      this.#mayBeUp();
    } else if (frame.sessionsClosed) this.#sessions.close(frame.sessionsClosed);
    else if (frame.status) this.#peerStatus = frame.status;
    else if (frame.shed) this.#options.shed(frame.shed);
    else if (frame.hello) throw badFrame('hello', 'the link is open already');
    else if (frame.frame === undefined) throw badFrame('frame', 'none is set, or of a kind this replica does not know');
    else if (!this.#heardSnapshot) throw badFrame('frame', 'only sessions and status may come before snapshot_end');
    else this.#options.sink.frame(this, frame);
  }

  #snapshotSent(): void {
    const early = this.#early ?? [];
    this.#early = undefined;
    for (const frame of early) this.#wire.send(frame);
    this.#mayBeUp();
  }

  #mayBeUp(): void {
    if (this.#up || !this.#heardSnapshot || this.#early || !this.live) return;
    this.#up = true;
    this.#options.sink.linkUp(this);
  }

  /** What came while this process itself stood still is heard before the peer is given up. */
  #listen(): void {
    const { clock, times } = this.#options;
    const leftMs = (): number => this.#heardAtMs + times.silenceMs - clock.monotonic();
    const judge = (): void => {
      if (!this.live) return;
      if (leftMs() <= 0) return this.end(new Error(`nothing heard for ${Math.round(times.silenceMs)} ms`));
      this.#silence = clock.after(leftMs(), () => this.#listen());
    };
    if (leftMs() > 0) judge();
    else setTimeout(() => setImmediate(judge), 0).unref();
  }

  #sayStatus(): void {
    if (!this.live) return;
    this.#wire.send({ status: this.#options.status() });
    this.#sayStatusAt(this.#options.clock.monotonic() + this.#options.times.statusEveryMs);
  }

  #sayStatusAt(dueMs: number): void {
    const { clock } = this.#options;
    this.#statusDueMs = dueMs;
    this.#nextStatus?.cancel();
    this.#nextStatus = clock.after(dueMs - clock.monotonic(), () => this.#sayStatus());
  }

  #closed(reason: Error): void {
    this.#feed.close();
    this.#silence.cancel();
    this.#nextStatus?.cancel();
    this.#early = undefined;
    this.#sessions.closeAll();
    if (this.#up) this.#tell(() => this.#options.sink.linkDown(this));
    this.#toldDown(reason);
  }

  /** Everybody is told of an end, whatever the one before made of it. */
  #tell(end: () => void): void {
    try {
      end();
    } catch (error) {
      this.#options.log.error({ err: error, replica: this.replica }, 'the end of a link was not taken well');
    }
  }
}
