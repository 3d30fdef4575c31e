import { agentService } from '../../server/api/agent-service.ts';
import { GrpcServer } from '../../server/api/grpc-server.ts';
import { Handlers } from '../../server/api/handlers.ts';
import { jobService } from '../../server/api/job-service.ts';
import { nodeService } from '../../server/api/node-service.ts';
import { Admission } from '../../server/fleet/admission.ts';
import { ClaimQueue } from '../../server/fleet/claim-queue.ts';
import { Directory } from '../../server/fleet/directory.ts';
import { DirectorySync } from '../../server/fleet/directory-sync.ts';
import { Fleet } from '../../server/fleet/fleet.ts';
import { Inventory } from '../../server/fleet/inventory.ts';
import { Coordinators } from '../../server/jobs/coordination/coordinators.ts';
import { JobCancels } from '../../server/jobs/job-cancels.ts';
import { JobStore } from '../../server/jobs/job-store.ts';
import { Jobs } from '../../server/jobs/jobs.ts';
import type { JobsObserver } from '../../server/jobs/jobs-options.ts';
import { AwayNodes } from '../../server/jobs/views/away-nodes.ts';
import { JobViews } from '../../server/jobs/views/job-views.ts';
import { Outputs } from '../../server/output/outputs.ts';
import type { ReplicaSettings } from '../../server/settings.ts';
import { ClusterState } from '../../server/store/cluster-state.ts';
import { LostResults } from '../../server/store/lost-results.ts';
import { openStore } from '../../server/store/open.ts';
import { presenceShardOf, ReplicaLease } from '../../server/store/replica-lease.ts';
import type { NodeUid } from '../../shared/ids.ts';
import { noTracer } from '../../shared/telemetry/tracer.ts';
import { systemClock } from '../../shared/time.ts';
import { JumpClock } from '../server/store/jump-clock.ts';
import { silent } from './agent-connection.ts';
import { FaultyStore } from './faulty-store.ts';

/** A replica as `Replica` puts it together, around a store that fails and a clock that jumps as the test says. */
export class FaultyReplica {
  readonly store: FaultyStore;
  readonly clock: JumpClock;
  readonly cluster: ClusterState;
  readonly lease: ReplicaLease;
  readonly directory: Directory;
  readonly outputs: Outputs;
  readonly fleet: Fleet;
  readonly jobs: Jobs;
  readonly grpc: GrpcServer;
  readonly sync: DirectorySync;
  readonly unexpected: unknown[] = [];
  /** States of the executions whose end was told of, in order. */
  readonly finished: unknown[] = [];

  static async start(settings: ReplicaSettings, options: { helloTimeoutMs?: number } = {}): Promise<FaultyReplica> {
    const store = new FaultyStore(await openStore({ store: settings.store, log: silent }));
    const parts: { replica?: FaultyReplica } = {};
    const clock = new JumpClock();
    const cluster = await ClusterState.open({ store, log: silent, clock });
    const lease = await ReplicaLease.grant({
      // Not the clock that jumps: to be fenced is the store's to say.
      ...{ store, clock: systemClock, log: silent, termMs: settings.leaseTermMs },
      regranted: async () => {
        await parts.replica?.jobs.reclaimAll();
      },
      presenceRegranted: async (shard) => parts.replica?.fleet.reclaimAll((uid) => presenceShardOf(uid) === shard),
    });
    parts.replica = new FaultyReplica({ settings, store, cluster, lease, clock, ...options });
    const { sync, jobs, grpc } = parts.replica;
    await sync.start();
    await jobs.adopt();
    await grpc.listen(settings.listen);
    return parts.replica;
  }

  private constructor(options: {
    settings: ReplicaSettings;
    store: FaultyStore;
    cluster: ClusterState;
    lease: ReplicaLease;
    clock: JumpClock;
    helloTimeoutMs?: number;
  }) {
    const { settings, store, cluster, lease, clock, helloTimeoutMs } = options;
    const { name: replica } = settings;
    const log = silent;
    const directory = new Directory();
    const claims = new ClaimQueue({ store, lease: (uid) => lease.presenceLease(uid) });
    const inventory = new Inventory({ store, claims, clock, replica, cluster });
    const observer: JobsObserver = {
      submitted() {},
      finished: (_progress, _index, { state }) => void this.finished.push(state),
      cancelled() {},
      closed() {},
      offered: () => '',
    };
    const coordinators = new Coordinators({ store, log });
    const views = new JobViews({
      ...{ stored: new JobStore({ store }), clock, log, replica },
      coordinators,
      link: () => undefined,
      undriven: () => {},
    });
    const jobs: Jobs = new Jobs({
      ...{ store, directory, lease, log, clock, replica, observer, views, coordinators },
      ...{ cluster, lostResults: new LostResults({ store, clock }) },
      sessions: { local: (uid) => fleet.session(uid), all: () => fleet.sessions(), remote: () => undefined },
    });
    const fleet: Fleet = new Fleet({
      ...{ inventory, directory, cluster, clock, log, replica, heartbeatMs: 0 },
      ...{ admitRate: settings.admitRate, fenced: () => lease.fenced },
      sink: {
        opened: (opened) => jobs.opened(opened),
        closed: (closed) => jobs.closed(closed),
        event: (from, execution, event) => jobs.event(from, execution, event),
        heartbeat: () => {},
      },
      observer: { sessionOpened() {}, sessionClosed() {} },
    });
    const admission = new Admission({ aSecond: settings.admitRate, clock, log });
    const outputs = new Outputs({ source: fleet });
    const handlers = new Handlers({
      tracer: noTracer,
      observe: ({ unexpected }) => {
        if (unexpected !== undefined) this.unexpected.push(unexpected);
      },
    });
    const cancels = new JobCancels({
      ...{ coordinators, link: () => undefined, replica, stored: views.stored, clock },
      cancelHere: (job, cancel) => jobs.cancel(job, cancel),
    });
    // As short a patience as can be: what it waits for here is the clock that jumps.
    const readable = (uid: NodeUid): boolean => fleet.session(uid) !== undefined;
    const nodes = new AwayNodes({ directory, clock, leaseTermMs: 0, readable });
    this.grpc = new GrpcServer({
      services: {
        'muster.v1.AgentService': agentService({
          fleet,
          admission,
          log,
          ...(helloTimeoutMs !== undefined && { helloTimeoutMs }),
        }),
        'muster.v1.JobService': jobService({ handlers, directory, jobs, views, cancels, nodes, outputs, clock }),
        'muster.v1.NodeService': nodeService({ handlers, directory, inventory, fleet }),
      },
      ...{ keepaliveIntervalMs: 20_000, keepaliveTimeoutMs: 10_000 },
    });
    this.store = store;
    this.clock = clock;
    this.cluster = cluster;
    this.lease = lease;
    this.directory = directory;
    this.outputs = outputs;
    this.fleet = fleet;
    this.jobs = jobs;
    this.sync = new DirectorySync({ store, directory, log, presences: fleet.presences });
  }

  get address(): string {
    return this.grpc.address;
  }

  async stop(): Promise<void> {
    this.grpc.refuse();
    await this.fleet.drain(2000);
    await this.jobs.close();
    await this.grpc.close(2000);
    await this.sync.close();
    await this.cluster.close();
    await this.lease.close();
    await this.store.close();
  }
}
