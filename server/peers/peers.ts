import type { PeerHello } from '../../proto/gen/muster/peer/v1/PeerHello.ts';
import type { PeerStatus } from '../../proto/gen/muster/peer/v1/PeerStatus.ts';
import type { ReplicaRecord__Output } from '../../proto/gen/muster/store/v1/ReplicaRecord.ts';
import { parseAddress } from '../../shared/address.ts';
import type { MusterError } from '../../shared/errors.ts';
import type { NodeUid } from '../../shared/ids.ts';
import type { Log } from '../../shared/log.ts';
import type { Clock } from '../../shared/time.ts';
import { compareEpochs } from '../fleet/epoch.ts';
import type { ReadHandle, ReadOptions, ReadSink } from '../fleet/session.ts';
import type { Store } from '../store/store.ts';
import { ControlLink } from './control-link.ts';
import { dials } from './greeting.ts';
import type { LocalSessions } from './local-sessions.ts';
import { PeerDialer } from './peer-dialer.ts';
import { PeerGate } from './peer-gate.ts';
import type { PeerLink, PeerSink, RemoteSession } from './peer-link.ts';
import { PeerReads } from './peer-reads.ts';
import { type PeerTimes, peerTimes } from './peer-times.ts';
import type { ControlStream, PeerWire } from './peer-wire.ts';
import { ReplicaWatch } from './replica-watch.ts';
import { type ReadStream, ServedRead } from './served-read.ts';

export interface PeersOptions {
  readonly store: Store;
  readonly log: Log;
  readonly clock: Clock;
  /** Name of this replica. */
  readonly replica: string;
  /** Random, of this process: as announced in the store. */
  readonly incarnation: string;
  readonly version: string;
  /** A peer that says nothing is given up within two thirds of it. */
  readonly leaseTermMs: number;
  readonly local: LocalSessions;
  readonly sink: PeerSink;
  /** What this replica says of itself. */
  readonly status: () => Required<PeerStatus>;
  /** 0 to 1. */
  readonly random?: () => number;
}

/** The links to the other replicas that share the store: one control stream a pair, and a connection for reads. */
export class Peers {
  readonly #options: PeersOptions;
  readonly #times: PeerTimes;
  readonly #random: () => number;
  readonly #watch: ReplicaWatch;
  readonly #reads: PeerReads;
  readonly #gate: PeerGate;
  readonly #dialers = new Map<string, PeerDialer>();
  /** One a peer, up or about to be. */
  readonly #links = new Map<string, ControlLink>();
  readonly #unsubscribe: () => void;
  #leaderRevision = 0;
  #started = false;
  #closed = false;

  constructor(options: PeersOptions) {
    this.#options = options;
    const { store, log, clock, local } = options;
    this.#times = peerTimes(options.leaseTermMs);
    this.#random = options.random ?? Math.random;
    this.#watch = new ReplicaWatch({ store, log, changed: (replica) => this.#recordChanged(replica) });
    const session = (uid: NodeUid): RemoteSession | undefined => this.session(uid);
    this.#reads = new PeerReads({ session, times: this.#times, clock, log, random: this.#random });
    this.#gate = new PeerGate({
      ...{ hello: this.#hello, clock, log, times: this.#times },
      record: (replica) => this.#watch.records.get(replica),
      ask: (replica) => this.#watch.ask(replica),
      open: (record, wire) => this.#open(record, wire),
    });
    this.#unsubscribe = local.subscribe(() => this.statusChanged());
  }

  /** Resolves when the other replicas are known; their links come up by themselves. Call once this replica is announced. */
  async start(): Promise<void> {
    this.#started = true;
    await this.#watch.start();
  }

  /** Ends every link and read. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#unsubscribe();
    await this.#watch.close();
    await Promise.all(Array.from(this.#dialers.values(), (dialer) => dialer.close()));
    this.#gate.close();
    for (const link of [...this.#links.values()]) link.end(new Error('the replica stops'));
  }

  /** The link to a replica, where it is up. */
  link(replica: string): PeerLink | undefined {
    const link = this.#links.get(replica);
    return link?.up ? link : undefined;
  }

  /** Those that are up. */
  *links(): IterableIterator<PeerLink> {
    for (const link of this.#links.values()) if (link.up) yield link;
  }

  /** The node's session with the highest epoch, over all links that are up. */
  session(uid: NodeUid): RemoteSession | undefined {
    let best: RemoteSession | undefined;
    for (const link of this.#links.values()) {
      const session = link.up ? link.sessions.get(uid) : undefined;
      if (session && (!best || compareEpochs(session.epoch, best.epoch) > 0)) best = session;
    }
    return best;
  }

  /** Every replica that the store knows, this one too. */
  replicas(): Iterable<ReplicaRecord__Output> {
    return this.#watch.records.values();
  }

  /** What a replica said last of itself; undefined where there is no link to it. */
  statusOf(replica: string): Required<PeerStatus> | undefined {
    return replica === this.#options.replica ? this.#options.status() : this.#links.get(replica)?.status;
  }

  /** Whether another replica serves at this IP address, on whatever port. */
  servesAt(remoteAddress: string): boolean {
    for (const { name, address } of this.replicas()) {
      if (name !== this.#options.replica && parseAddress(address)?.host === remoteAddress) return true;
    }
    return false;
  }

  /** Something in this replica's status may have changed: its peers are told soon. */
  statusChanged(): void {
    for (const link of this.#links.values()) link.statusChanged();
  }

  /** As of `ReadSource`: undefined also while there is no connection to read over; `whenBack` then tells. */
  read(node: NodeUid, options: ReadOptions, sink: ReadSink): ReadHandle | undefined {
    const link = this.session(node)?.link;
    const address = link && this.#links.get(link.replica)?.address;
    return address === undefined ? undefined : this.#reads.read(address, node, options, sink);
  }

  /** Calls `action` once when the node may be read from (again) through a peer; returns what forgets it. */
  whenBack(node: NodeUid, action: () => void): () => void {
    return this.#reads.whenBack(node, action);
  }

  /** Of the leader: sends so many agents of a replica (this one too) elsewhere. False where there is no link to it. */
  shed(replica: string, count: number, aSecond: number, leaderRevision: number): boolean {
    if (replica === this.#options.replica) {
      this.#shedHere({ count, aSecond, leaderRevision });
      return true;
    }
    const link = this.link(replica);
    link?.send({ shed: { count, aSecond, leaderRevision } });
    return link !== undefined;
  }

  /** A peer has opened a control stream; `hangUp` ends it, with an error where one is given. */
  control(stream: ControlStream, hangUp: (error: MusterError | undefined) => void): void {
    this.#gate.enter(stream, hangUp);
  }

  /** A peer has opened a read. */
  serveRead(call: ReadStream): void {
    new ServedRead({ call, local: this.#options.local });
  }

  get #hello(): PeerHello {
    const { replica, incarnation, version } = this.#options;
    return { replica, incarnation, version };
  }

  #recordChanged(replica: string): void {
    const { replica: own, clock, log } = this.#options;
    if (this.#closed || !this.#started || replica === own) return;
    const record = this.#watch.records.get(replica);
    const link = this.#links.get(replica);
    // A record that is gone ends no link: its lease may just have been lost, and the link itself says who lives.
    if (record && link && link.incarnation !== record.incarnation) {
      link.end(new Error(`${replica} is another process by now`));
    }
    const dialer = this.#dialers.get(replica);
    if (dialer) return dialer.recordChanged();
    if (!record || !dials(own, replica)) return;
    const made: PeerDialer = new PeerDialer({
      ...{ replica, hello: this.#hello, times: this.#times, clock, log, random: this.#random },
      record: () => this.#watch.records.get(replica),
      open: (found, wire) => this.#open(found, wire),
      gone: () => {
        if (this.#dialers.get(replica) === made) this.#dialers.delete(replica);
      },
    });
    this.#dialers.set(replica, made);
  }

  /** Both have said who they are. A new link of the same peer takes the place of the old one. */
  #open({ name, incarnation, address }: ReplicaRecord__Output, wire: PeerWire): ControlLink {
    const { local, sink, status, clock, log } = this.#options;
    this.#links.get(name)?.end(new Error(`a newer link to ${name}`));
    const link: ControlLink = new ControlLink({
      ...{ replica: name, incarnation, address, wire, local, status, clock, log, times: this.#times },
      shed: (frame) => this.#shedHere(frame),
      sink: {
        linkUp: () => {
          log.info({ peer: name, address, sessions: link.sessions.size }, `link to ${name} is up`);
          sink.linkUp(link);
          this.#reads.backAt(link);
        },
        linkDown: () => {
          this.#forget(link);
          sink.linkDown(link);
        },
        sessionOpened: (session) => {
          sink.sessionOpened(session);
          if (link.up) this.#reads.back(session.uid);
        },
        sessionClosed: (session) => sink.sessionClosed(session),
        frame: (from, frame) => sink.frame(from, frame),
      },
    });
    this.#links.set(name, link);
    void link.down.then((reason) => {
      this.#forget(link);
      if (!this.#closed) log.warn({ err: reason, peer: name, address }, `link to ${name} is down`);
    });
    return link;
  }

  #forget(link: ControlLink): void {
    if (this.#links.get(link.replica) === link) this.#links.delete(link.replica);
    this.#reads.linkDown(link);
  }

  /** The store begins another life, in which the leader's revision may be lower. */
  forgetLeader(): void {
    this.#leaderRevision = 0;
  }

  #shedHere({ count, aSecond, leaderRevision }: { count: number; aSecond: number; leaderRevision: number }): void {
    if (leaderRevision < this.#leaderRevision) return;
    this.#leaderRevision = leaderRevision;
    this.#options.local.shed(count, aSecond, leaderRevision);
  }
}
