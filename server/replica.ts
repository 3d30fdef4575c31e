import { randomBytes } from 'node:crypto';
import type { MusterError } from '../shared/errors.ts';
import type { Log } from '../shared/log.ts';
import { Metrics } from '../shared/metrics.ts';
import { watchProcess } from '../shared/telemetry/process-metrics.ts';
import { createReplicaMetrics } from '../shared/telemetry/replica-metrics.ts';
import { noTracer, type Tracer } from '../shared/telemetry/tracer.ts';
import type { Clock } from '../shared/time.ts';
import { packageVersion } from '../shared/version.ts';
import { GrpcServer } from './api/grpc-server.ts';
import { startHttp } from './http/http.ts';
import { Leader } from './leader/leader.ts';
import { leaderDuties } from './leader/leader-duties.ts';
import { askName, ReplicaName } from './replica-name.ts';
import { ReplicaParts } from './replica-parts.ts';
import { replicaServices } from './replica-services.ts';
import type { ReplicaSettings } from './settings.ts';
import { ClusterState } from './store/cluster-state.ts';
import { measured } from './store/measured-store.ts';
import { openStore } from './store/open.ts';
import { presenceShardOf, ReplicaLease } from './store/replica-lease.ts';
import { readStoreTls } from './store/store-tls.ts';

export interface ReplicaOptions {
  readonly settings: ReplicaSettings;
  readonly clock: Clock;
  readonly log: Log;
  /** Records nothing where not given. */
  readonly tracer?: Tracer;
}

/** One control-plane process: starts its parts in order, and stops them in the reverse. */
export class Replica {
  /** Where agents and clients connect. */
  readonly address: string;
  /** Where metrics and health are served. */
  readonly httpAddress: string;
  /** Resolves where it must not go on: it is fenced then, and is to be stopped. */
  readonly failed: Promise<MusterError>;
  readonly #drain: () => Promise<void>;
  readonly #opened: AsyncDisposableStack;

  private constructor(options: {
    address: string;
    httpAddress: string;
    failed: Promise<MusterError>;
    drain: () => Promise<void>;
    opened: AsyncDisposableStack;
  }) {
    this.address = options.address;
    this.httpAddress = options.httpAddress;
    this.failed = options.failed;
    this.#drain = options.drain;
    this.#opened = options.opened;
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

  /** Nothing new, agents elsewhere, results into the store, calls to their end, everything it had claimed let go. */
  async stop(): Promise<void> {
    try {
      await this.#drain();
    } finally {
      await this.#opened.disposeAsync();
    }
  }

  static async #start(options: ReplicaOptions, opened: AsyncDisposableStack): Promise<Replica> {
    const { settings, clock, log, tracer = noTracer } = options;
    const { name, leaseTermMs, retentionMs, forgetNodesAfterMs, drainTimeoutMs } = settings;
    const [version, startedUnixMs, incarnation] = [packageVersion(), clock.now(), randomBytes(16).toString('hex')];
    const metrics = new Metrics();
    const count = createReplicaMetrics(metrics);

    const tls = await readStoreTls(settings.store, settings);
    const opening = openStore({ store: settings.store, log, clock, ...(tls && { tls }) });
    const store = measured(await opening, count.storeCommit);
    opened.defer(() => store.close());
    const cluster = await ClusterState.open({ store, log, clock });
    opened.defer(() => cluster.close());
    const lease: ReplicaLease = await ReplicaLease.grant({
      ...{ store, clock, log, termMs: leaseTermMs },
      regranted: async () => {
        // The era comes first: what is claimed anew is claimed in the life that the store is in now.
        await cluster.check();
        await record.announceAgain();
        await parts.jobs.reclaimAll();
      },
      presenceRegranted: (shard) => parts.fleet.reclaimAll((uid) => presenceShardOf(uid) === shard),
    });
    opened.defer(() => lease.close());
    const displaced = Promise.withResolvers<MusterError>();
    const record = new ReplicaName({
      ...{ store, log, incarnation, name, lease: () => lease.current, askName },
      displaced: (reason) => {
        lease.fence(reason.message);
        displaced.resolve(reason);
      },
    });
    opened.defer(() => record.close());
    await record.check();

    /** Why it should get no calls now. */
    const notReady = new Set(['starting']);
    const stopping = (): boolean => notReady.has('stopping');
    const shared = { clock, log, tracer, count, store, cluster };
    const parts: ReplicaParts = new ReplicaParts({ ...shared, settings, lease, version, incarnation, stopping });
    const { fleet, jobs, peers, sync, directory } = parts;
    const own = () => ({ name, address: grpc.address, version, startedUnixMs });
    const { keepaliveIntervalMs, keepaliveTimeoutMs } = settings;
    const services = replicaServices({ ...shared, parts, own });
    const grpc: GrpcServer = new GrpcServer({
      ...{ services, keepaliveIntervalMs, keepaliveTimeoutMs, clock },
      preferred: (remote) => peers.servesAt(remote),
      handshakeRefused: count.handshakeRefused,
    });
    const http = await startHttp({
      ...{ address: settings.http, metrics, log },
      ready: () => [...notReady, ...(lease.fenced ? ['no answer from the store for too long'] : [])],
    });
    opened.defer(() => http.close());
    opened.defer(() => sync.close());
    await sync.start();
    opened.defer(() => grpc.close(stopping() ? drainTimeoutMs : 0));
    opened.defer(() => peers.close());
    // Open jobs come before sessions: what agents bring then finds its job.
    opened.defer(() => jobs.close());
    await jobs.adopt();
    await grpc.listen(settings.listen);
    await record.announce({ address: grpc.address, version, startedUnixMs });
    await peers.start();
    const leader = new Leader({
      ...{ store, clock, log, replica: name, incarnation, lease: () => lease.current, fenced: () => lease.fenced },
      duties: leaderDuties({ clock, retentionMs, forgetNodesAfterMs, leaseTermMs, directory, peers }),
    });
    leader.start();
    opened.defer(watchProcess(metrics));
    metrics.collect(() => {
      count.sessions(fleet.size);
      count.handshakes(grpc.handshakes.unfinished, grpc.handshakes.waiting);
      count.peersLinked([...peers.links()].length);
      count.leader(leader.leading);
      count.openJobs(jobs.open);
    });
    notReady.delete('starting');
    log.info({ address: grpc.address, store: store.driver }, `replica ${name} serves on ${grpc.address}`);

    const drain = async (): Promise<void> => {
      log.info('replica stops');
      notReady.add('stopping');
      peers.statusChanged();
      await leader.close();
      grpc.refuse();
      await fleet.drain(drainTimeoutMs);
    };
    return new Replica({
      address: grpc.address,
      httpAddress: http.address,
      failed: displaced.promise,
      ...{ drain, opened },
    });
  }
}
