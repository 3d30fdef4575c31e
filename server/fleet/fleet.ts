import type { Heartbeat__Output } from '../../proto/gen/muster/v1/Heartbeat.ts';
import { MusterError } from '../../shared/errors.ts';
import type { NodeUid } from '../../shared/ids.ts';
import type { Log } from '../../shared/log.ts';
import type { Clock } from '../../shared/time.ts';
import type { Directory } from './directory.ts';
import type { CompleteHello } from './hello.ts';
import type { Inventory } from './inventory.ts';
import { LastSeen } from './last-seen.ts';
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

/** What the fleet tells of sessions, besides what the sessions themselves tell. */
export interface FleetObserver {
  sessionOpened(): void;
  sessionClosed(reason: SessionEnd): void;
}

/** So many claims wait together: they share transactions. */
const reclaimsAtOnce = 256;

/** The sessions this replica holds: at most one a node, the newest one. */
export class Fleet {
  readonly #inventory: Inventory;
  readonly #directory: Directory;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #replica: string;
  readonly #heartbeatMs: number;
  readonly #sink: SessionSink;
  readonly #observer: FleetObserver;
  readonly #lastSeen: LastSeen;
  readonly #sessions = new Map<NodeUid, Session>();
  /** Revision of the presence key of each session's last claim. */
  readonly #presence = new Map<Session, number>();
  readonly #running = new Map<NodeUid, number>();
  readonly #whenBack = new Map<NodeUid, Set<() => void>>();
  #stopping = false;
  #drained = (): void => {};

  constructor(options: {
    inventory: Inventory;
    directory: Directory;
    clock: Clock;
    log: Log;
    replica: string;
    heartbeatMs: number;
    sink: SessionSink;
    observer: FleetObserver;
  }) {
    this.#inventory = options.inventory;
    this.#directory = options.directory;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#replica = options.replica;
    this.#heartbeatMs = options.heartbeatMs;
    this.#sink = options.sink;
    this.#observer = options.observer;
    this.#lastSeen = new LastSeen(options);
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

  /** Executions running on a node, by its last heartbeat. */
  running(uid: NodeUid): number {
    return this.#running.get(uid) ?? 0;
  }

  /** Claims the node and opens its session in the place of any older one. */
  async admit(hello: CompleteHello, stream: AgentStream): Promise<Session> {
    if (this.#stopping) throw new MusterError('REPLICA_STOPPING', 'this replica is stopping; dial another');
    const { epoch, node } = await this.#inventory.claim(hello, this.#directory.get(hello.uid));
    const refusal = this.#refusal(hello, epoch, stream);
    if (refusal) {
      await this.#unclaim(hello.uid, epoch.revision);
      throw refusal;
    }
    const session = new Session({
      hello,
      epoch,
      stream,
      sink: { ...this.#sinkOf(), closed: (...how) => this.#closed(...how) },
    });
    this.#sessions.get(hello.uid)?.end('replaced', new MusterError('SESSION_REPLACED', 'a newer session of this node'));
    this.#sessions.set(hello.uid, session);
    this.#directory.upsert(node);
    this.#directory.setPresence(hello.uid, { replica: this.#replica, epoch }, epoch.revision);
    this.#presence.set(session, epoch.revision);
    session.welcome({
      epoch,
      heartbeatIntervalMs: this.#heartbeatMs,
      replicaTimeUnixMs: this.#clock.now(),
      replica: this.#replica,
    });
    this.#observer.sessionOpened();
    this.#log.info(
      { 'node.id': hello.uid, 'node.name': hello.name, 'session.epoch': epoch.revision },
      'session opened',
    );
    this.#sink.opened(session);
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

  /** After a lost lease: claims again all that is held, under the new one; a session that somebody else has claimed ends. */
  async reclaimAll(): Promise<void> {
    const sessions = this.#sessions.values();
    const work = async (): Promise<void> => {
      for (const session of sessions) await this.#reclaim(session);
    };
    await Promise.all(Array.from({ length: reclaimsAtOnce }, work));
  }

  async #reclaim(session: Session): Promise<void> {
    const revision = await this.#inventory.reclaim(session.uid, session.epoch);
    if (revision === undefined) {
      session.end('claimed-elsewhere', new MusterError('SESSION_REPLACED', 'another replica holds this node'));
    } else if (this.#sessions.get(session.uid) === session) this.#presence.set(session, revision);
    else await this.#unclaim(session.uid, revision);
  }

  /** Sends every agent elsewhere and waits until they have gone, `graceMs` at most; then ends what is left. */
  async drain(graceMs: number): Promise<void> {
    this.#stopping = true;
    this.#lastSeen.close();
    for (const session of this.#sessions.values()) session.reconnect('drain', 0);
    if (this.#sessions.size > 0) {
      await new Promise<void>((resolve) => {
        const timer = this.#clock.after(graceMs, resolve);
        this.#drained = () => {
          timer.cancel();
          resolve();
        };
      });
    }
    const stopping = new MusterError('REPLICA_STOPPING', 'this replica is stopping');
    for (const session of [...this.#sessions.values()]) session.end('drain', stopping);
  }

  /** Why a claim that was just made opens no session after all. */
  #refusal(hello: CompleteHello, epoch: EpochValue, stream: AgentStream): MusterError | undefined {
    const seen = hello.highestEpoch;
    if (seen && (seen.era > epoch.era || (seen.era === epoch.era && seen.revision >= epoch.revision))) {
      const message = `the agent has seen epoch ${seen.era}.${seen.revision}; this store is at ${epoch.era}.${epoch.revision}`;
      return new MusterError('STALE_EPOCH', message, { field: 'hello.highest_epoch' });
    }
    if (this.#stopping) return new MusterError('REPLICA_STOPPING', 'this replica is stopping; dial another');
    if (stream.cancelled || stream.destroyed) return new MusterError('SESSION_REPLACED', 'the agent hung up');
    const newer = (this.#sessions.get(hello.uid)?.epoch.revision ?? 0) > epoch.revision;
    return newer ? new MusterError('SESSION_REPLACED', 'a newer session of this node') : undefined;
  }

  /** Gives a claim to the session that the node has all the same, or back. */
  async #unclaim(uid: NodeUid, revision: number): Promise<void> {
    const session = this.#sessions.get(uid);
    if (session) this.#presence.set(session, Math.max(revision, this.#presence.get(session) ?? 0));
    else await this.#leave(uid, revision);
  }

  async #leave(uid: NodeUid, revision: number): Promise<void> {
    await this.#inventory.leave(uid, revision).catch((error: unknown) => {
      this.#log.warn({ err: error, 'node.id': uid }, 'could not drop the presence; its lease will');
    });
  }

  #sinkOf(): Omit<SessionSink, 'closed'> {
    return {
      opened: (session) => this.#sink.opened(session),
      event: (session, execution, event) => this.#sink.event(session, execution, event),
      heartbeat: (session, heartbeat) => this.#heartbeat(session, heartbeat),
    };
  }

  #heartbeat(session: Session, heartbeat: Heartbeat__Output): void {
    this.#running.set(session.uid, heartbeat.running);
    this.#sink.heartbeat(session, heartbeat);
  }

  #closed(session: Session, reason: SessionEnd, detail: string): void {
    this.#observer.sessionClosed(reason);
    this.#log.info({ 'node.id': session.uid, 'node.name': session.name, reason, detail }, 'session closed');
    const revision = this.#presence.get(session);
    this.#presence.delete(session);
    if (this.#sessions.get(session.uid) === session) {
      this.#sessions.delete(session.uid);
      this.#running.delete(session.uid);
      this.#directory.setPresence(session.uid, undefined);
      if (revision !== undefined) void this.#leave(session.uid, revision);
      // A replica that stops sends its agents elsewhere: they are not gone.
      if (!this.#stopping) this.#lastSeen.note(session.uid, this.#clock.now());
    }
    this.#sink.closed(session, reason, detail);
    if (this.#sessions.size === 0) this.#drained();
  }
}
