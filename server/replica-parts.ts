import type { PeerStatus } from '../proto/gen/muster/peer/v1/PeerStatus.ts';
import type { Log } from '../shared/log.ts';
import { JobSpans } from '../shared/telemetry/job-spans.ts';
import type { ReplicaMetrics } from '../shared/telemetry/replica-metrics.ts';
import type { Tracer } from '../shared/telemetry/tracer.ts';
import type { Clock } from '../shared/time.ts';
import { countedReads } from './counted-reads.ts';
import { Admission } from './fleet/admission.ts';
import { ClaimQueue } from './fleet/claim-queue.ts';
import { Directory } from './fleet/directory.ts';
import { DirectorySync } from './fleet/directory-sync.ts';
import { Fleet } from './fleet/fleet.ts';
import { Inventory } from './fleet/inventory.ts';
import { Coordinators } from './jobs/coordination/coordinators.ts';
import { JobCancels } from './jobs/job-cancels.ts';
import { JobStore } from './jobs/job-store.ts';
import { Jobs } from './jobs/jobs.ts';
import { PeerFrames } from './jobs/peer-frames.ts';
import { AwayNodes } from './jobs/views/away-nodes.ts';
import { JobFeeds } from './jobs/views/job-feeds.ts';
import { JobViews } from './jobs/views/job-views.ts';
import { JobWatches } from './jobs/views/job-watches.ts';
import { jobsObserver } from './jobs-observer.ts';
import { joinedSources } from './output/joined-sources.ts';
import { Outputs } from './output/outputs.ts';
import { FleetSessions } from './peers/fleet-sessions.ts';
import { Peers } from './peers/peers.ts';
import type { ReplicaSettings } from './settings.ts';
import type { ClusterState } from './store/cluster-state.ts';
import { LostResults } from './store/lost-results.ts';
import type { ReplicaLease } from './store/replica-lease.ts';
import type { Store } from './store/store.ts';

export interface ReplicaPartsOptions {
  readonly settings: ReplicaSettings;
  readonly clock: Clock;
  readonly log: Log;
  readonly tracer: Tracer;
  readonly count: ReplicaMetrics;
  readonly store: Store;
  readonly cluster: ClusterState;
  readonly lease: ReplicaLease;
  readonly version: string;
  /** Of this process. */
  readonly incarnation: string;
  readonly stopping: () => boolean;
}

/** What lies between a replica's store and its listeners: put together, each told of the others, none of it begun. */
export class ReplicaParts {
  readonly directory = new Directory();
  readonly lostResults: LostResults;
  readonly inventory: Inventory;
  readonly fleet: Fleet;
  readonly sync: DirectorySync;
  readonly admission: Admission;
  readonly views: JobViews;
  readonly jobs: Jobs;
  readonly cancels: JobCancels;
  readonly nodes: AwayNodes;
  readonly peers: Peers;
  readonly outputs: Outputs;
  readonly #options: ReplicaPartsOptions;

  constructor(options: ReplicaPartsOptions) {
    const { settings, clock, log, tracer, count, store, cluster, lease, version, incarnation } = options;
    const { name: replica, admitRate, heartbeatMs, leaseTermMs } = settings;
    const { directory } = this;
    this.#options = options;
    this.lostResults = new LostResults({ store, clock });

    const claims = new ClaimQueue({ store, lease: (uid) => lease.presenceLease(uid) });
    this.inventory = new Inventory({ store, claims, clock, replica, cluster });
    this.admission = new Admission({ aSecond: admitRate, clock, log });
    this.fleet = new Fleet({
      ...{ inventory: this.inventory, directory, cluster, clock, log, replica },
      ...{ heartbeatMs, admitRate, fenced: () => lease.fenced },
      sink: {
        opened: (session) => {
          held.changed(session.uid);
          this.jobs.opened(session);
        },
        closed: (session) => {
          held.changed(session.uid);
          this.jobs.closed(session);
        },
        event: (session, execution, event) => this.jobs.event(session, execution, event),
        heartbeat: () => {},
      },
      observer: { sessionOpened() {}, sessionClosed: count.sessionEnded },
    });
    this.sync = new DirectorySync({ store, directory, log, presences: this.fleet.presences });
    const held = new FleetSessions({ fleet: this.fleet, shed: (nodes, aSecond) => this.fleet.shed(nodes, aSecond) });

    const link = (name: string) => this.peers.link(name);
    const coordinators = new Coordinators({ store, log });
    const stored = new JobStore({ store });
    const undriven: JobFeeds['undriven'] = (job) => feeds.undriven(job);
    this.views = new JobViews({ stored, clock, log, replica, coordinators, link, undriven });
    const feeds = new JobFeeds({ driven: (job) => this.views.drivenHere(job) });
    this.jobs = new Jobs({
      ...{ store, directory, lease, log, clock, replica, coordinators, cluster },
      ...{ views: this.views, lostResults: this.lostResults },
      observer: jobsObserver({ count, spans: new JobSpans({ tracer }), log }),
      sessions: {
        local: (uid) => this.fleet.session(uid),
        all: () => this.fleet.sessions(),
        remote: (uid) => this.peers.session(uid),
      },
    });
    this.cancels = new JobCancels({
      ...{ coordinators, link, replica, stored, clock },
      cancelHere: (job, cancel) => this.jobs.cancel(job, cancel),
    });
    const watches = new JobWatches({ views: this.views, feeds, cancels: this.cancels });
    this.peers = new Peers({
      ...{ store, log, clock, replica, incarnation, version, leaseTermMs, local: held },
      ...{ sink: new PeerFrames({ jobs: this.jobs, watches }), status: () => this.status() },
    });
    this.nodes = new AwayNodes({
      ...{ directory, clock, leaseTermMs },
      readable: (uid) => this.fleet.session(uid) !== undefined || this.peers.session(uid) !== undefined,
    });
    this.outputs = new Outputs({ source: countedReads(joinedSources([this.fleet, this.peers]), count.outputRelayed) });
    // Revisions may begin anew with an era.
    cluster.raised(() => this.peers.forgetLeader());
  }

  /** What this replica says of itself, to its peers and to clients. */
  status(): Required<PeerStatus> & { leaseAgeMs: number } {
    const { lease, stopping } = this.#options;
    return {
      ...{ sessions: this.fleet.size, openJobs: this.jobs.open, fenced: lease.fenced },
      ...{ leaseAgeMs: Math.round(lease.ageMs), stopping: stopping() },
    };
  }
}
