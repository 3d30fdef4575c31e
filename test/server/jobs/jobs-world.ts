import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PeerFrame, PeerFrame__Output } from '../../../proto/gen/muster/peer/v1/PeerFrame.ts';
import type { ExecutionEvent__Output } from '../../../proto/gen/muster/v1/ExecutionEvent.ts';
import type { Directory } from '../../../server/fleet/directory.ts';
import type { Session } from '../../../server/fleet/session.ts';
import { Coordinators } from '../../../server/jobs/coordination/coordinators.ts';
import { JobStore } from '../../../server/jobs/job-store.ts';
import { Jobs } from '../../../server/jobs/jobs.ts';
import { PeerFrames, type WatchFrames } from '../../../server/jobs/peer-frames.ts';
import type { StateName } from '../../../server/jobs/states.ts';
import { JobFeeds } from '../../../server/jobs/views/job-feeds.ts';
import { JobViews } from '../../../server/jobs/views/job-views.ts';
import type { PeerLink, RemoteSession } from '../../../server/peers/peer-link.ts';
import { LostResults } from '../../../server/store/lost-results.ts';
import { openStore } from '../../../server/store/open.ts';
import type { ReplicaLease } from '../../../server/store/replica-lease.ts';
import type { Lease, Store } from '../../../server/store/store.ts';
import { type ExecutionId, type NodeUid, newJobId, newNodeUid } from '../../../shared/ids.ts';
import { planRoot } from '../../../shared/merkle.ts';
import { buildOrder, type OrderInput } from '../../../shared/order.ts';
import { codec } from '../../../shared/rpc/proto.ts';
import { systemClock } from '../../../shared/time.ts';
import { silent } from '../../harness/agent-connection.ts';
import { FaultyStore } from '../../harness/faulty-store.ts';

const frames = codec<PeerFrame, PeerFrame__Output>('muster.peer.v1.PeerFrame');

/** An agent behind a session of a `JobsReplica`, played by the test. */
export class PlayedNode {
  readonly uid = newNodeUid();
  /** Executions that were new to it, in the order of their Starts. */
  readonly started: ExecutionId[] = [];
  readonly cancelled: ExecutionId[] = [];
  readonly released: ExecutionId[] = [];
  readonly #has = new Map<ExecutionId, ExecutionEvent__Output['finished'] | undefined>();
  onStart: (execution: ExecutionId) => void = (execution) => this.finish(execution);
  /** A Start of what it has. */
  onAsk: (execution: ExecutionId) => void = (execution) => this.tell(execution);
  replica: JobsReplica | undefined;

  /** A session of it. */
  session(revision: number): Session & { live: boolean } {
    const known = new Set(this.#has.keys());
    const session = {
      ...{ uid: this.uid, live: true, epoch: { era: 1, revision } },
      hello: { executions: new Map([...known].map((id) => [id, { id, state: 'EXECUTION_STATE_RUNNING' }])) },
      held: (id: ExecutionId) => (known.has(id) ? { id, state: 'EXECUTION_STATE_RUNNING' } : undefined),
      holds: (id: ExecutionId) => this.#has.has(id),
      start: (id: ExecutionId) => {
        if (!this.#has.has(id)) {
          this.#has.set(id, undefined);
          this.started.push(id);
          setImmediate(() => this.onStart(id));
        } else setImmediate(() => this.onAsk(id));
      },
      cancel: ({ execution }: { execution: ExecutionId }) => {
        this.cancelled.push(execution);
        if (!this.#has.has(execution)) setImmediate(() => this.finish(execution, 'EXECUTION_STATE_CANCELLED'));
      },
      release: (ids: readonly ExecutionId[]) => void this.released.push(...ids),
      input: () => {},
    };
    return session as unknown as Session & { live: boolean };
  }

  finish(execution: ExecutionId, state: StateName = 'EXECUTION_STATE_SUCCEEDED'): void {
    const empty = Buffer.alloc(0);
    const result = { state, reason: '', message: '', stdout: null, stderr: null, stderrTail: empty, receipt: null };
    this.#has.set(execution, result as unknown as ExecutionEvent__Output['finished']);
    this.tell(execution);
  }

  /** Its present state. */
  tell(execution: ExecutionId): void {
    const session = this.replica?.sessions.get(this.uid);
    const finished = this.#has.get(execution);
    const event = { execution, ...(finished ? { finished } : { started: { atUnixMs: 1 } }) } as ExecutionEvent__Output;
    if (session?.live) this.replica?.jobs.event(session, execution, event);
  }
}

/** The jobs of one replica, over a real store that counts, with sessions and links that the test plays. */
export class JobsReplica {
  readonly store: FaultyStore;
  readonly jobs: Jobs;
  readonly frames: PeerFrames;
  readonly coordinators: Coordinators;
  readonly sessions = new Map<NodeUid, Session & { live: boolean }>();
  readonly links = new Map<string, PairLink>();
  readonly views: JobViews;
  /** Ends that were told of, in that order. */
  readonly finished: string[] = [];
  readonly cluster = { unconfirmed: false, mayHaveLostJobs: false };
  readonly name: string;
  fenced = false;
  readonly #lease: Lease;

  private constructor(name: string, store: FaultyStore, lease: Lease) {
    this.name = name;
    this.store = store;
    this.#lease = lease;
    const [clock, log, replica] = [systemClock, silent, name];
    this.coordinators = new Coordinators({ store, log });
    const views: JobViews = new JobViews({
      ...{ stored: new JobStore({ store }), clock, log, replica, coordinators: this.coordinators },
      link: (other) => this.links.get(other),
      undriven: (job) => feeds.undriven(job),
    });
    this.views = views;
    const feeds = new JobFeeds({ driven: (job) => views.drivenHere(job) });
    const own = this;
    const leases = {
      current: lease,
      get fenced() {
        return own.fenced;
      },
    };
    this.jobs = new Jobs({
      ...{ store, log, clock, replica, views, coordinators: this.coordinators, cluster: this.cluster },
      directory: { get: (uid: NodeUid) => ({ name: uid }) } as unknown as Directory,
      lease: leases as unknown as ReplicaLease,
      lostResults: new LostResults({ store, clock }),
      observer: {
        submitted() {},
        finished: (_, __, { state }) => void this.finished.push(String(state)),
        cancelled() {},
        closed() {},
        offered: () => '',
      },
      sessions: {
        local: (uid) => this.sessions.get(uid),
        all: () => this.sessions.values(),
        remote: (uid) => this.#remote(uid),
      },
    });
    this.frames = new PeerFrames({ jobs: this.jobs, watches: noWatches });
  }

  static async start(name: string, store: Store): Promise<JobsReplica> {
    const counted = new FaultyStore(store);
    const replica = new JobsReplica(name, counted, await counted.lease(60_000));
    await replica.jobs.adopt();
    return replica;
  }

  /** The node's session opens here. */
  connect(node: PlayedNode, revision = 1): void {
    const session = node.session(revision);
    node.replica = this;
    this.sessions.set(node.uid, session);
    for (const link of this.links.values()) link.far.opened(node.uid, session);
    this.jobs.opened(session);
  }

  disconnect(node: PlayedNode): void {
    const session = this.sessions.get(node.uid);
    if (!session) return;
    session.live = false;
    this.sessions.delete(node.uid);
    for (const link of this.links.values()) link.far.closed(node.uid);
    this.jobs.closed(session);
  }

  async submit(nodes: readonly PlayedNode[], input: Partial<OrderInput> = {}): Promise<string> {
    const targets = nodes.map(({ uid }) => uid);
    const plan = { root: planRoot(targets), count: targets.length };
    const { order, bytes } = buildOrder({
      ...{ id: newJobId(), command: { argv: ['true'] }, plan, createdUnixMs: Date.now() },
      ...input,
    });
    const empty = Buffer.alloc(0);
    await this.jobs.submit({ orderBytes: bytes, targets, signature: empty, stdin: empty, traceparent: '' });
    return order.id;
  }

  /** As if it were stopped in its tracks: it says nothing any more, and its keys stand until `die`. */
  freeze(): void {
    this.store.down = true;
    for (const link of [...this.links.values()]) link.cut();
    this.fenced = true;
  }

  /** As if it were killed: its keys go, and it says nothing any more. */
  async die(): Promise<void> {
    this.freeze();
    await this.#lease.close();
  }

  async close(): Promise<void> {
    await this.jobs.close();
    await this.#lease.close();
  }

  #remote(uid: NodeUid): RemoteSession | undefined {
    let best: RemoteSession | undefined;
    for (const { sessions } of this.links.values()) {
      const session = sessions.get(uid);
      if (session && session.epoch.revision > (best?.epoch.revision ?? 0)) best = session;
    }
    return best;
  }
}

const noWatches: WatchFrames = {
  linkUp() {},
  linkDown() {},
  watchJob() {},
  unwatchJob() {},
  jobUpdate() {},
  jobNotHere() {},
  cancelJob() {},
  cancelJobAnswer() {},
};

/** One end of a link within this process; frames cross it encoded, in order. */
export class PairLink implements PeerLink {
  readonly replica: string;
  readonly sessions = new Map<NodeUid, RemoteSession & { live: boolean }>();
  readonly #own: JobsReplica;
  far!: PairLink;
  live = true;
  /** Frames that are under way until `arrive`. */
  held: PeerFrame[] | undefined;

  constructor(own: JobsReplica, other: JobsReplica) {
    this.#own = own;
    this.replica = other.name;
  }

  arrive(): void {
    const held = this.held ?? [];
    this.held = undefined;
    for (const frame of held) this.send(frame);
  }

  send(frame: PeerFrame): void {
    if (this.held) return void this.held.push(frame);
    const bytes = frames.encode(frame);
    setImmediate(() => {
      if (this.live) this.far.#own.frames.frame(this.far, frames.decode(bytes));
    });
  }

  async drained(): Promise<void> {
    if (!this.live) throw new Error('the link is down');
  }

  opened(uid: NodeUid, session: Session): void {
    const { epoch } = session;
    const remote = { uid, epoch, link: this, live: true, executions: session.hello.executions };
    this.sessions.set(uid, remote);
    this.#own.frames.sessionOpened(remote);
  }

  closed(uid: NodeUid): void {
    const session = this.sessions.get(uid);
    if (!session) return;
    session.live = false;
    this.sessions.delete(uid);
    this.#own.frames.sessionClosed(session);
  }

  cut(): void {
    for (const end of [this, this.far]) {
      end.live = false;
      end.#own.links.delete(end.replica);
      for (const uid of [...end.sessions.keys()]) end.closed(uid);
      end.#own.frames.linkDown(end);
    }
  }
}

/** Links two replicas; answers the end at the first. */
export function link(a: JobsReplica, b: JobsReplica): PairLink {
  const [near, far] = [new PairLink(a, b), new PairLink(b, a)];
  near.far = far;
  far.far = near;
  a.links.set(b.name, near);
  b.links.set(a.name, far);
  for (const session of a.sessions.values()) far.opened(session.uid, session);
  for (const session of b.sessions.values()) near.opened(session.uid, session);
  a.frames.linkUp(near);
  b.frames.linkUp(far);
  return near;
}

/** An embedded store of its own, for as long as the test. */
export async function temporaryStore(defer: (close: () => Promise<void>) => void): Promise<Store> {
  const folder = mkdtempSync(join(tmpdir(), 'muster-jobs-'));
  const store = await openStore({ store: `embedded:${folder}`, log: silent });
  defer(async () => {
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return store;
}
