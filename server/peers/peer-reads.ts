import type { NodeUid } from '../../shared/ids.ts';
import type { Log } from '../../shared/log.ts';
import type { Clock } from '../../shared/time.ts';
import type { ReadHandle, ReadOptions, ReadSink } from '../fleet/session.ts';
import type { PeerLink, RemoteSession } from './peer-link.ts';
import type { PeerTimes } from './peer-times.ts';
import { ReadConnection } from './read-connection.ts';

/** A session whose holder says that it does not hold it: told of its end soon, or asked again after so long. */
const askAgainMs = 1000;

/** Reads of output on nodes that other replicas hold: a connection a peer, made when it is first wanted. */
export class PeerReads {
  readonly #session: (uid: NodeUid) => RemoteSession | undefined;
  readonly #times: PeerTimes;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #random: () => number;
  readonly #connections = new Map<PeerLink, ReadConnection>();
  readonly #away = new WeakSet<RemoteSession>();
  readonly #whenBack = new Map<NodeUid, Set<() => void>>();

  constructor(options: {
    session: (uid: NodeUid) => RemoteSession | undefined;
    times: PeerTimes;
    clock: Clock;
    log: Log;
    random: () => number;
  }) {
    this.#session = options.session;
    this.#times = options.times;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#random = options.random;
  }

  /** Undefined where no other replica holds the node, or the one that does can't be read from now: `whenBack` tells. */
  read(address: string, uid: NodeUid, options: ReadOptions, sink: ReadSink): ReadHandle | undefined {
    const session = this.#session(uid);
    if (!session || this.#away.has(session)) return undefined;
    return this.#connection(session.link, address).open(uid, options, sink, () => this.#sayAway(session));
  }

  /** Calls `action` once when the node may be read from (again); returns what forgets it. */
  whenBack(uid: NodeUid, action: () => void): () => void {
    const actions = this.#whenBack.get(uid) ?? new Set();
    this.#whenBack.set(uid, actions.add(action));
    return () => {
      actions.delete(action);
      if (actions.size === 0 && this.#whenBack.get(uid) === actions) this.#whenBack.delete(uid);
    };
  }

  /** A node has turned up. */
  back(uid: NodeUid): void {
    const actions = this.#whenBack.get(uid);
    this.#whenBack.delete(uid);
    for (const action of actions ?? []) action();
  }

  /** All nodes of a link have. */
  backAt(link: PeerLink): void {
    for (const uid of [...this.#whenBack.keys()]) if (link.sessions.has(uid)) this.back(uid);
  }

  linkDown(link: PeerLink): void {
    const connection = this.#connections.get(link);
    this.#connections.delete(link);
    connection?.close();
  }

  #sayAway(session: RemoteSession): void {
    this.#away.add(session);
    this.#clock.after(askAgainMs, () => {
      this.#away.delete(session);
      if (session.live) this.back(session.uid);
    });
  }

  #connection(link: PeerLink, address: string): ReadConnection {
    const known = this.#connections.get(link);
    if (known) return known;
    const connection = new ReadConnection({
      ...{ replica: link.replica, address, times: this.#times, log: this.#log, random: this.#random },
      ready: () => this.backAt(link),
    });
    this.#connections.set(link, connection);
    return connection;
  }
}
