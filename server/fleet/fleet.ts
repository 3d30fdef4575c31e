import type { Heartbeat__Output } from '../../proto/gen/muster/v1/Heartbeat.ts';
import { MusterError } from '../../shared/errors.ts';
import type { NodeUid } from '../../shared/ids.ts';
import type { Log } from '../../shared/log.ts';
import type { Clock } from '../../shared/time.ts';
import type { ClusterState } from '../store/cluster-state.ts';
import type { Directory } from './directory.ts';
import { compareEpochs, formatEpoch } from './epoch.ts';
import type { CompleteHello } from './hello.ts';
import type { Claimed, Inventory } from './inventory.ts';
import { LastSeen } from './last-seen.ts';
import { claimedElsewhere, PresenceKeeper, type PresenceObserver } from './presence-keeper.ts';
import { drainRate, leavingOrder, SendAway } from './send-away.ts';
import {
  type AgentStream,
  type EpochValue,
  type ReadHandle,
  type ReadOptions,
  type ReadSink,
  Session,
  type SessionSink,
} from './session.ts';
import type { SessionEnd } from './session-end.ts';
import { SessionLog } from './session-log.ts';

/** What the fleet tells of sessions, besides what the sessions themselves tell. */
export interface FleetObserver {
  sessionOpened(): void;
  sessionClosed(reason: SessionEnd): void;
}

export interface FleetOptions {
  readonly inventory: Inventory;
  readonly directory: Directory;
  readonly cluster: Pick<ClusterState, 'era' | 'rolledBack'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly replica: string;
  readonly heartbeatMs: number;
  /** Agents that a replica takes in a second: a drain sends them away no faster, where it has the time. */
  readonly admitRate: number;
  /** Nothing may be claimed now. */
  readonly fenced: () => boolean;
  readonly sink: SessionSink;
  readonly observer: FleetObserver;
}

/** An agent that the store's absence turned away asks again after a random wait up to this. */
const awayRetryMs = { least: 500, most: 3000 };

/** The sessions this replica holds: at most one a node, the newest one. */
export class Fleet {
  readonly #options: FleetOptions;
  readonly #lastSeen: LastSeen;
  readonly #presences: PresenceKeeper;
  readonly #sendAway: SendAway;
  readonly #sessionLog: SessionLog;
  readonly #sessions = new Map<NodeUid, Session>();
  readonly #running = new Map<NodeUid, number>();
  readonly #whenBack = new Map<NodeUid, Set<() => void>>();
  #stopping = false;
  #drained = (): void => {};

  constructor(options: FleetOptions) {
    this.#options = options;
    this.#lastSeen = new LastSeen(options);
    this.#presences = new PresenceKeeper({ ...options, sessionOf: (uid) => this.#sessions.get(uid) });
    this.#sendAway = new SendAway(options);
    this.#sessionLog = new SessionLog(options);
  }

  get size(): number {
    return this.#sessions.size;
  }

  session(uid: NodeUid): Session | undefined {
    return this.#sessions.get(uid);
  }

  sessions(): IterableIterator<Session> {
    return this.#sessions.values();
  }

  /** For whoever follows the presences in the store. */
  get presences(): PresenceObserver {
    return this.#presences;
  }

  /** Executions running on a node, by its last heartbeat. */
  running(uid: NodeUid): number {
    return this.#running.get(uid) ?? 0;
  }

  /** The directory has the node already. */
  knows(uid: NodeUid): boolean {
    return this.#options.directory.get(uid) !== undefined;
  }

  /** Claims the node and opens its session in the place of any older one. */
  async admit(hello: CompleteHello, stream: AgentStream): Promise<Session> {
    this.#requireOpen();
    const claimed = this.#presences.claiming(hello.uid);
    try {
      return this.#open(hello, stream, await this.#claim(hello, stream));
    } catch (error) {
      throw withRetryTime(error);
    } finally {
      claimed();
    }
  }

  async #claim(hello: CompleteHello, stream: AgentStream): Promise<Claimed> {
    const { inventory, directory, cluster } = this.#options;
    await this.#requireEra(hello);
    let claim = await inventory.claim(hello, directory.get(hello.uid));
    try {
      if (hello.highestEpoch && isStale(hello, claim)) {
        if (await this.#heldHigher(claim)) this.#yield(hello.uid);
        else {
          // No store gives a revision that is lower than one it gave before: it was set back.
          await cluster.rolledBack(hello.highestEpoch, { knownNode: claim.known, claimed: claim.epoch });
          claim = await inventory.claim(hello, claim.node);
        }
      }
      const refusal = this.#refusal(hello, claim.epoch, stream);
      if (refusal) throw refusal;
      return claim;
    } catch (error) {
      await this.#presences.unclaim(hello.uid, claim.epoch.revision);
      throw error;
    }
  }

  /** An agent of a later era than is known of here: where another replica holds it in that era, nothing is written over its claim. */
  async #requireEra({ uid, highestEpoch }: CompleteHello): Promise<void> {
    const { inventory, cluster, replica } = this.#options;
    const { era } = cluster;
    if (highestEpoch === undefined || highestEpoch.era <= era) return;
    const standing = await inventory.presences.at(uid);
    if (standing === undefined || standing.replica === replica || standing.epoch.era <= era) return;
    this.#yield(uid);
    throw staleEpoch(highestEpoch, `this replica knows of era ${era} only`);
  }

  /** Another replica held the node with a higher epoch when it was claimed here. */
  async #heldHigher({ epoch, node }: Claimed): Promise<boolean> {
    const before = await this.#options.inventory.presences.before(node.uid, epoch.revision);
    return before !== undefined && before.replica !== this.#options.replica && compareEpochs(before.epoch, epoch) > 0;
  }

  /** A session that this replica still believes in is lower than what it has just heard of. */
  #yield(uid: NodeUid): void {
    this.#sessions.get(uid)?.end('claimed-elsewhere', claimedElsewhere());
  }

  #open(hello: CompleteHello, stream: AgentStream, { epoch, node }: Claimed): Session {
    const { directory, replica, heartbeatMs, clock, observer, sink, fenced } = this.#options;
    const session = new Session({
      ...{ hello, epoch, stream, fenced, clock },
      sink: {
        opened: (opened) => sink.opened(opened),
        event: (from, execution, event) => sink.event(from, execution, event),
        heartbeat: (from, heartbeat) => this.#heartbeat(from, heartbeat),
        closed: (...how) => this.#closed(...how),
      },
    });
    this.#sessions.get(hello.uid)?.end('replaced', new MusterError('SESSION_REPLACED', 'a newer session of this node'));
    this.#sessions.set(hello.uid, session);
    this.#presences.opened(session);
    directory.upsert(node);
    directory.setPresence(hello.uid, { replica, epoch }, epoch.revision);
    session.welcome({ epoch, heartbeatIntervalMs: heartbeatMs, replicaTimeUnixMs: clock.now(), replica });
    observer.sessionOpened();
    this.#sessionLog.say('session opened', () => ({ ...nodeOf(session), 'session.epoch': formatEpoch(epoch) }));
    sink.opened(session);
    const waiting = this.#whenBack.get(hello.uid);
    this.#whenBack.delete(hello.uid);
    for (const action of waiting ?? []) action();
    return session;
  }

  read(uid: NodeUid, options: ReadOptions, sink: ReadSink): ReadHandle | undefined {
    return this.#sessions.get(uid)?.read(options, sink);
  }

  /** Calls `action` once at the node's next session here; returns what forgets it. */
  whenBack(uid: NodeUid, action: () => void): () => void {
    const actions = this.#whenBack.get(uid) ?? new Set();
    this.#whenBack.set(uid, actions.add(action));
    return () => {
      actions.delete(action);
      if (actions.size === 0 && this.#whenBack.get(uid) === actions) this.#whenBack.delete(uid);
    };
  }

  /** After a lost lease: claims again what hung on it, under the new one; a session that somebody else has claimed ends. */
  async reclaimAll(hangs: (uid: NodeUid) => boolean = () => true): Promise<void> {
    await this.#presences.reclaimAll(hangs);
  }

  /** Sends so many agents elsewhere, `aSecond` at most: those with nothing in hand first. Takes the place of an earlier call. */
  shed(count: number, aSecond: number): void {
    if (!this.#stopping) this.#sendAway.begin(leavingOrder(this.#sessions.values(), count), aSecond, 'rebalance');
  }

  /**
   * Sends every agent elsewhere, over half of `graceMs` at most, and waits for the other half until they have gone; then ends what is
   * left. What runs on the hosts does not notice.
   */
  async drain(graceMs: number): Promise<void> {
    const { clock, admitRate } = this.#options;
    this.#stopping = true;
    this.#lastSeen.close();
    const leaving = leavingOrder(this.#sessions.values(), this.#sessions.size);
    if (leaving.length > 0) {
      this.#sendAway.begin(leaving, drainRate(leaving.length, graceMs / 2, admitRate), 'drain');
      await new Promise<void>((resolve) => {
        const timer = clock.after(graceMs, resolve);
        this.#drained = () => {
          timer.cancel();
          resolve();
        };
      });
    }
    this.#sendAway.cancel();
    const stopping = new MusterError('REPLICA_STOPPING', 'this replica is stopping');
    for (const session of [...this.#sessions.values()]) session.end('drain', stopping);
  }

  #requireOpen(): void {
    if (this.#stopping) throw new MusterError('REPLICA_STOPPING', 'this replica is stopping; dial another');
    if (this.#options.fenced()) throw withRetryTime(new MusterError('STORE_UNAVAILABLE', 'the store does not answer'));
  }

  /** Why a claim that was just made opens no session after all. */
  #refusal(hello: CompleteHello, epoch: EpochValue, stream: AgentStream): MusterError | undefined {
    const seen = hello.highestEpoch;
    if (seen && compareEpochs(seen, epoch) >= 0) return staleEpoch(seen, `this claim is ${formatEpoch(epoch)}`);
    if (this.#stopping) return new MusterError('REPLICA_STOPPING', 'this replica is stopping; dial another');
    if (stream.cancelled || stream.destroyed) return new MusterError('SESSION_REPLACED', 'the agent hung up');
    const here = this.#sessions.get(hello.uid);
    const newer = here !== undefined && compareEpochs(here.epoch, epoch) > 0;
    return newer ? new MusterError('SESSION_REPLACED', 'a newer session of this node') : undefined;
  }

  #heartbeat(session: Session, heartbeat: Heartbeat__Output): void {
    this.#running.set(session.uid, heartbeat.running);
    this.#options.sink.heartbeat(session, heartbeat);
  }

  #closed(session: Session, reason: SessionEnd, detail: string): void {
    const { observer, directory, clock, sink, replica } = this.#options;
    observer.sessionClosed(reason);
    this.#sessionLog.say('session closed', () => ({ ...nodeOf(session), reason, detail }));
    const last = this.#sessions.get(session.uid) === session;
    if (last) {
      this.#sessions.delete(session.uid);
      this.#running.delete(session.uid);
    }
    if (last && reason !== 'replaced') {
      const elsewhere = (directory.presence(session.uid)?.replica ?? replica) !== replica;
      if (!elsewhere) directory.setPresence(session.uid, undefined);
      // One that is held elsewhere, or is sent there by a replica that stops, is not gone.
      if (!this.#stopping && !elsewhere) this.#lastSeen.note(session.uid, clock.now());
    }
    this.#presences.closed(session, reason === 'replaced');
    sink.closed(session, reason, detail);
    if (this.#sessions.size === 0) this.#drained();
  }
}

const nodeOf = ({ uid, name }: Session) => ({ 'node.id': uid, 'node.name': name });

const isStale = ({ highestEpoch }: CompleteHello, { epoch }: Claimed): boolean =>
  highestEpoch !== undefined && compareEpochs(highestEpoch, epoch) >= 0;

const staleEpoch = (seen: EpochValue, what: string): MusterError =>
  new MusterError('STALE_EPOCH', `the agent has seen epoch ${formatEpoch(seen)}; ${what}`, {
    field: 'hello.highest_epoch',
  });

/** An agent that comes while the store is away learns when to ask again; not all of them the same. */
function withRetryTime(error: unknown): unknown {
  if (!(error instanceof MusterError) || error.reason !== 'STORE_UNAVAILABLE') return error;
  const retryAfterMs = awayRetryMs.least + Math.random() * (awayRetryMs.most - awayRetryMs.least);
  return new MusterError('STORE_UNAVAILABLE', error.message, { retryAfterMs, cause: error });
}
