import type { NodeUid } from '../../shared/ids.ts';
import type { ReadHandle, ReadOptions, ReadSink, Session } from '../fleet/session.ts';
import type { LocalSession, LocalSessions } from './local-sessions.ts';

/** What this needs of the fleet. */
export interface HeldSessions {
  sessions(): Iterable<Session>;
  session(uid: NodeUid): Session | undefined;
  read(uid: NodeUid, options: ReadOptions, sink: ReadSink): ReadHandle | undefined;
}

/** The fleet's sessions as other replicas are told of them. Whoever builds it calls `changed`. */
export class FleetSessions implements LocalSessions {
  readonly #fleet: HeldSessions;
  readonly #shed: LocalSessions['shed'];
  readonly #listeners = new Set<(uid: NodeUid) => void>();
  readonly #told = new WeakMap<Session, LocalSession>();

  constructor(options: { fleet: HeldSessions; shed: LocalSessions['shed'] }) {
    this.#fleet = options.fleet;
    this.#shed = options.shed;
  }

  /** A session of the node has opened or is over. */
  changed(uid: NodeUid): void {
    for (const listener of this.#listeners) listener(uid);
  }

  *all(): Iterable<LocalSession> {
    for (const session of this.#fleet.sessions()) yield this.#localOf(session);
  }

  get(uid: NodeUid): LocalSession | undefined {
    const session = this.#fleet.session(uid);
    return session && this.#localOf(session);
  }

  subscribe(listener: (uid: NodeUid) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  read(uid: NodeUid, options: ReadOptions, sink: ReadSink): ReadHandle | undefined {
    return this.#fleet.read(uid, options, sink);
  }

  shed(count: number, aSecond: number, leaderRevision: number): void {
    this.#shed(count, aSecond, leaderRevision);
  }

  /** The same object for the same session. */
  #localOf(session: Session): LocalSession {
    const known = this.#told.get(session);
    if (known) return known;
    const { uid, epoch, hello } = session;
    const local = { uid, epoch, executions: hello.executions };
    this.#told.set(session, local);
    return local;
  }
}
