import { randomBytes } from 'node:crypto';
import type { MusterError } from '../shared/errors.ts';
import type { Log } from '../shared/log.ts';
import { Metrics } from '../shared/metrics.ts';
import { JobSpans } from '../shared/telemetry/job-spans.ts';
import { watchProcess } from '../shared/telemetry/process-metrics.ts';
import { createReplicaMetrics } from '../shared/telemetry/replica-metrics.ts';
import { noTracer, type Tracer } from '../shared/telemetry/tracer.ts';
import type { Clock } from '../shared/time.ts';
import { packageVersion } from '../shared/version.ts';
import { agentService } from './api/agent-service.ts';
import { clusterService } from './api/cluster-service.ts';
import { GrpcServer } from './api/grpc-server.ts';
import { Handlers } from './api/handlers.ts';
import { jobService } from './api/job-service.ts';
import { nodeService } from './api/node-service.ts';
import { peerService } from './api/peer-service.ts';
import { countedReads } from './counted-reads.ts';
import { Admission } from './fleet/admission.ts';
import { Directory } from './fleet/directory.ts';
import { DirectorySync } from './fleet/directory-sync.ts';
import { Fleet } from './fleet/fleet.ts';
import { Inventory } from './fleet/inventory.ts';
import { ClaimQueue } from './fleet/presence.ts';
import { type Http, startHttp } from './http/http.ts';
import { AwayNodes } from './jobs/away-nodes.ts';
import { Coordinators } from './jobs/coordinators.ts';
import { JobCancels } from './jobs/job-cancels.ts';
import { JobFeeds } from './jobs/job-feeds.ts';
import { JobStore } from './jobs/job-store.ts';
import { JobViews } from './jobs/job-views.ts';
import { JobWatches } from './jobs/job-watches.ts';
import { Jobs } from './jobs/jobs.ts';
import { PeerFrames } from './jobs/peer-frames.ts';
import { jobsObserver } from './jobs-observer.ts';
import { Leader } from './leader/leader.ts';
import { leaderDuties } from './leader/leader-duties.ts';
import { joinedSources } from './output/joined-sources.ts';
import { Outputs } from './output/outputs.ts';
import { FleetSessions } from './peers/fleet-sessions.ts';
import { Peers } from './peers/peers.ts';
import { askName, ReplicaName } from './replica-name.ts';
import type { ReplicaSettings } from './settings.ts';
import { ClusterState } from './store/cluster-state.ts';
import { LostResults } from './store/lost-results.ts';
import { measured } from './store/measured-store.ts';
import { openStore } from './store/open.ts';
import { presenceShardOf, ReplicaLease } from './store/replica-lease.ts';
import type { Store } from './store/store.ts';
import { readStoreTls } from './store/store-tls.ts';

export interface ReplicaOptions {
  readonly settings: ReplicaSettings;
  readonly clock: Clock;
  readonly log: Log;
  /** Records nothing where not given. */
  readonly tracer?: Tracer;
}

/** One control-plane process: puts the parts together, starts and stops them in order. */
export class Replica {
  readonly #settings: ReplicaSettings;
  readonly #log: Log;
  readonly #store: Store;
  readonly #cluster: ClusterState;
  readonly #lease: ReplicaLease;
  readonly #record: ReplicaName;
  readonly #leader: Leader;
  readonly #sync: DirectorySync;
  readonly #fleet: Fleet;
  readonly #peers: Peers;
  readonly #jobs: Jobs;
  readonly #grpc: GrpcServer;
  readonly #http: Http;
  readonly #unwatch: () => void;
  /** Why it should get no calls now. */
  readonly #notReady: Set<string>;
  /** Resolves where it must not go on: it is fenced then, and is to be stopped. */
  readonly failed: Promise<MusterError>;

  private constructor(parts: {
    settings: ReplicaSettings;
    log: Log;
    store: Store;
    cluster: ClusterState;
    lease: ReplicaLease;
    record: ReplicaName;
    leader: Leader;
    sync: DirectorySync;
    fleet: Fleet;
    peers: Peers;
    jobs: Jobs;
    grpc: GrpcServer;
    http: Http;
    unwatch: () => void;
    notReady: Set<string>;
    failed: Promise<MusterError>;
  }) {
    this.#settings = parts.settings;
    this.#log = parts.log;
    this.#store = parts.store;
    this.#cluster = parts.cluster;
    this.#lease = parts.lease;
    this.#record = parts.record;
    this.#leader = parts.leader;
    this.failed = parts.failed;
    this.#sync = parts.sync;
    this.#fleet = parts.fleet;
    this.#peers = parts.peers;
    this.#jobs = parts.jobs;
    this.#grpc = parts.grpc;
    this.#http = parts.http;
    this.#unwatch = parts.unwatch;
    this.#notReady = parts.notReady;
  }

  /** A start that fails leaves nothing behind. */
  static async start(options: ReplicaOptions): Promise<Replica> {
    const opened = new AsyncDisposableStack();
    try {
      return await Replica.#start(options, opened);
    } catch (error) {
      await opened.disposeAsync();
      throw error;
    }
  }

  static async #start(options: ReplicaOptions, opened: AsyncDisposableStack): Promise<Replica> {
    const { settings, clock, log, tracer = noTracer } = options;
    const replica = settings.name;
    const version = packageVersion();
    const metrics = new Metrics();
    const count = createReplicaMetrics(metrics);
    const tls = await readStoreTls(settings.store, settings);
    const opening = openStore({ store: settings.store, log, clock, ...(tls && { tls }) });
    const store = measured(await opening, count.storeCommit);
    opened.defer(() => store.close());
    const cluster = await ClusterState.open({ store, log, clock });
    opened.defer(() => cluster.close());
    const lostResults = new LostResults({ store, clock });
    const startedUnixMs = clock.now();
    const incarnation = randomBytes(16).toString('hex');
    const lease: ReplicaLease = await ReplicaLease.grant({
      ...{ store, clock, log, termMs: settings.leaseTermMs },
      regranted: async () => {
        // The era comes first: what is claimed anew is claimed in the life that the store is in now.
        await cluster.check();
        await record.announceAgain();
        await jobs.reclaimAll();
      },
      presenceRegranted: (shard) => fleet.reclaimAll((uid) => presenceShardOf(uid) === shard),
    });
    opened.defer(() => lease.close());
    const displaced = Promise.withResolvers<MusterError>();
    const record = new ReplicaName({
      ...{ store, log, incarnation, name: replica, lease: () => lease.current, askName },
      displaced: (reason) => {
        lease.fence(reason.message);
        displaced.resolve(reason);
      },
    });
    opened.defer(() => record.close());
    await record.check();
    const directory = new Directory();
    const claims = new ClaimQueue({ store, lease: (uid) => lease.presenceLease(uid) });
    const inventory = new Inventory({ store, claims, clock, replica, cluster });
    const observer = jobsObserver({ count, spans: new JobSpans({ tracer }), log });
    const coordinators = new Coordinators({ store, log });
    const views: JobViews = new JobViews({
      ...{ stored: new JobStore({ store }), clock, log, replica },
      coordinators,
      link: (name) => peers.link(name),
      undriven: (job) => feeds.undriven(job),
    });
    const feeds = new JobFeeds({ driven: (job) => views.drivenHere(job) });
    const jobs: Jobs = new Jobs({
      ...{ store, directory, lease, log, clock, replica, observer, views, coordinators, cluster, lostResults },
      sessions: {
        local: (uid) => fleet.session(uid),
        all: () => fleet.sessions(),
        remote: (uid) => peers.session(uid),
      },
    });
    const fleet: Fleet = new Fleet({
      ...{ inventory, directory, cluster, clock, log, replica },
      ...{ heartbeatMs: settings.heartbeatMs, admitRate: settings.admitRate, fenced: () => lease.fenced },
      sink: {
        opened: (opened) => {
          held.changed(opened.uid);
          jobs.opened(opened);
        },
        closed: (closed) => {
          held.changed(closed.uid);
          jobs.closed(closed);
        },
        event: (from, execution, event) => jobs.event(from, execution, event),
        heartbeat: () => {},
      },
      observer: { sessionOpened() {}, sessionClosed: count.sessionEnded },
    });
    const sync = new DirectorySync({ store, directory, log, presences: fleet.presences });
    const admission = new Admission({ aSecond: settings.admitRate, clock, log });
    const handlers = new Handlers({
      tracer,
      observe: ({ method, code, durationMs, unexpected }) => {
        count.rpc({ method, code, durationMs });
        if (unexpected !== undefined)
          log.error({ err: unexpected, 'rpc.method': method, code }, 'a call failed unexpectedly');
      },
    });
    const notReady = new Set(['starting']);
    const status = () => ({
      ...{ sessions: fleet.size, openJobs: jobs.open, fenced: lease.fenced },
      ...{ leaseAgeMs: Math.round(lease.ageMs), stopping: notReady.has('stopping') },
    });
    const held = new FleetSessions({ fleet, shed: (nodes, aSecond) => fleet.shed(nodes, aSecond) });
    const cancels = new JobCancels({
      ...{ coordinators, link: (name) => peers.link(name), replica, stored: views.stored, clock },
      cancelHere: (job, cancel) => jobs.cancel(job, cancel),
    });
    const watches = new JobWatches({ views, feeds, cancels });
    const peers: Peers = new Peers({
      ...{ store, log, clock, replica, incarnation, version, leaseTermMs: settings.leaseTermMs },
      ...{ local: held, sink: new PeerFrames({ jobs, watches }), status },
    });
    const outputs = new Outputs({ source: countedReads(joinedSources([fleet, peers]), count.outputRelayed) });
    const nodes = new AwayNodes({
      ...{ directory, clock, leaseTermMs: settings.leaseTermMs },
      readable: (uid) => fleet.session(uid) !== undefined || peers.session(uid) !== undefined,
    });
    const grpc: GrpcServer = new GrpcServer({
      services: {
        'muster.v1.AgentService': agentService({ fleet, admission, log }),
        'muster.v1.JobService': jobService({ handlers, directory, jobs, views, cancels, nodes, outputs, clock }),
        'muster.v1.NodeService': nodeService({ handlers, directory, inventory, fleet }),
        'muster.v1.ClusterService': clusterService({
          ...{ handlers, store, cluster, lostResults, status },
          own: () => ({ name: replica, address: grpc.address, version, startedUnixMs }),
          peers,
        }),
        'muster.peer.v1.PeerService': peerService(peers),
      },
      ...{ keepaliveIntervalMs: settings.keepaliveIntervalMs, keepaliveTimeoutMs: settings.keepaliveTimeoutMs },
    });
    const http = await startHttp({
      ...{ address: settings.http, metrics, log },
      ready: () => [...notReady, ...(lease.fenced ? ['no answer from the store for too long'] : [])],
    });
    opened.defer(() => http.close());
    opened.defer(() => sync.close());
    await sync.start();
    // Open jobs come before sessions: what agents bring then finds its job.
    opened.defer(() => jobs.close());
    // Revisions may begin anew with it.
    cluster.raised(() => {
      jobs.forgetCoordinators();
      peers.forgetLeader();
    });
    await jobs.adopt();
    opened.defer(() => grpc.close(0));
    await grpc.listen(settings.listen);
    await record.announce({ address: grpc.address, version, startedUnixMs });
    opened.defer(() => peers.close());
    await peers.start();
    const { retentionMs, forgetNodesAfterMs, leaseTermMs } = settings;
    const leader = new Leader({
      ...{ store, clock, log, replica, incarnation, lease: () => lease.current, fenced: () => lease.fenced },
      duties: leaderDuties({ clock, retentionMs, forgetNodesAfterMs, leaseTermMs, directory, peers }),
    });
    leader.start();
    const unwatch = watchProcess(metrics);
    metrics.collect(() => {
      count.sessions(fleet.size);
      count.leader(leader.leading);
      count.openJobs(jobs.open);
    });
    notReady.delete('starting');
    log.info({ address: grpc.address, store: store.driver }, `replica ${replica} serves on ${grpc.address}`);
    return new Replica({
      ...{ settings, log, store, cluster, lease, record, leader, sync, fleet, peers, jobs, grpc, http },
      ...{ unwatch, notReady, failed: displaced.promise },
    });
  }

  /** Where agents and clients connect. */
  get address(): string {
    return this.#grpc.address;
  }

  /** Where metrics and health are served. */
  get httpAddress(): string {
    return this.#http.address;
  }

  /** Nothing new, agents elsewhere, results into the store, calls to their end, everything it had claimed let go. */
  async stop(): Promise<void> {
    const graceMs = this.#settings.drainTimeoutMs;
    this.#log.info('replica stops');
    this.#notReady.add('stopping');
    this.#peers.statusChanged();
    await this.#leader.close();
    this.#grpc.refuse();
    await this.#fleet.drain(graceMs);
    await this.#jobs.close();
    await this.#peers.close();
    await this.#grpc.close(graceMs);
    await this.#http.close();
    this.#unwatch();
    await this.#sync.close();
    await this.#record.close();
    await this.#cluster.close();
    await this.#lease.close();
    await this.#store.close();
  }
}
