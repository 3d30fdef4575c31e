import { randomBytes } from 'node:crypto';
import { agentService } from '../../../server/api/agent-service.ts';
import { GrpcServer } from '../../../server/api/grpc-server.ts';
import { peerService } from '../../../server/api/peer-service.ts';
import { Admission } from '../../../server/fleet/admission.ts';
import { ClaimQueue } from '../../../server/fleet/claim-queue.ts';
import { Directory } from '../../../server/fleet/directory.ts';
import { DirectorySync } from '../../../server/fleet/directory-sync.ts';
import { Fleet } from '../../../server/fleet/fleet.ts';
import { Inventory } from '../../../server/fleet/inventory.ts';
import { joinedSources } from '../../../server/output/joined-sources.ts';
import { Outputs } from '../../../server/output/outputs.ts';
import { FleetSessions } from '../../../server/peers/fleet-sessions.ts';
import { Peers } from '../../../server/peers/peers.ts';
import { ClusterState } from '../../../server/store/cluster-state.ts';
import { keys } from '../../../server/store/keys.ts';
import { openStore } from '../../../server/store/open.ts';
import { presenceShardOf, ReplicaLease } from '../../../server/store/replica-lease.ts';
import { values } from '../../../server/store/values.ts';
import { silent } from '../../harness/agent-connection.ts';
import { JumpClock } from '../store/jump-clock.ts';
import { CuttableStore } from './cuttable-store.ts';

export interface FleetReplicaOptions {
  readonly name: string;
  /** As in `--store`. */
  readonly store: string;
  readonly admitRate?: number;
  readonly leaseTermMs?: number;
  /** Links to the other replicas of the store. */
  readonly linked?: boolean;
}

/** What of a replica holds sessions, on a real socket and a real store; nobody gives them jobs. Close it. */
export class FleetReplica {
  readonly name: string;
  readonly store: CuttableStore;
  readonly clock: JumpClock;
  readonly cluster: ClusterState;
  readonly directory: Directory;
  readonly inventory: Inventory;
  readonly fleet: Fleet;
  readonly sync: DirectorySync;
  readonly grpc: GrpcServer;
  readonly lease: ReplicaLease;
  readonly peers: Peers;
  readonly outputs: Outputs;
  readonly #incarnation = randomBytes(16).toString('hex');
  /** Why sessions ended, in order. */
  readonly ends: string[] = [];
  /** Streams that were let in, and such that were told to come back. */
  admitted = 0;
  refusals = 0;

  static async start(options: FleetReplicaOptions): Promise<FleetReplica> {
    const store = new CuttableStore(await openStore({ store: options.store, log: silent }));
    const clock = new JumpClock();
    const cluster = await ClusterState.open({ store, log: silent, clock });
    const parts: { replica?: FleetReplica } = {};
    const lease = await ReplicaLease.grant({
      ...{ store, clock, log: silent, termMs: options.leaseTermMs ?? 10_000 },
      regranted: async () => {},
      presenceRegranted: async (shard) => parts.replica?.fleet.reclaimAll((uid) => presenceShardOf(uid) === shard),
    });
    const replica = new FleetReplica(options, { store, clock, cluster, lease });
    parts.replica = replica;
    await replica.sync.start();
    await replica.grpc.listen('127.0.0.1:0');
    if (options.linked) await replica.#link();
    return replica;
  }

  private constructor(
    { name, admitRate = 1000 }: FleetReplicaOptions,
    parts: Pick<FleetReplica, 'store' | 'clock' | 'cluster' | 'lease'>,
  ) {
    const { store, clock, cluster, lease } = parts;
    this.name = name;
    this.store = store;
    this.clock = clock;
    this.cluster = cluster;
    this.lease = lease;
    this.directory = new Directory();
    const { directory } = this;
    const claims = new ClaimQueue({ store, lease: (uid) => lease.presenceLease(uid) });
    this.inventory = new Inventory({ store, claims, clock, replica: name, cluster });
    this.fleet = new Fleet({
      ...{
        inventory: this.inventory,
        directory,
        cluster,
        clock,
        log: silent,
        replica: name,
        heartbeatMs: 0,
        admitRate,
      },
      fenced: () => lease.fenced,
      sink: {
        opened: ({ uid }) => sessions.changed(uid),
        closed: ({ uid }, reason) => {
          this.ends.push(reason);
          sessions.changed(uid);
        },
        event() {},
        heartbeat() {},
      },
      observer: { sessionOpened() {}, sessionClosed() {} },
    });
    this.sync = new DirectorySync({ store, directory, log: silent, presences: this.fleet.presences });
    const sessions = new FleetSessions({
      fleet: this.fleet,
      shed: (count, aSecond) => this.fleet.shed(count, aSecond),
    });
    this.peers = new Peers({
      ...{
        store,
        log: silent,
        clock,
        replica: name,
        incarnation: this.#incarnation,
        version: '1',
        leaseTermMs: 10_000,
      },
      local: sessions,
      sink: { linkUp() {}, linkDown() {}, sessionOpened() {}, sessionClosed() {}, frame() {} },
      status: () => ({ sessions: this.fleet.size, openJobs: 0, fenced: false, leaseAgeMs: 0, stopping: false }),
    });
    this.outputs = new Outputs({ source: joinedSources([this.fleet, this.peers]) });
    const admission = new Admission({ aSecond: admitRate, clock, log: silent });
    const decide = admission.open.bind(admission);
    admission.open = () => {
      this.refusals += 1;
      decide();
      this.refusals -= 1;
      this.admitted += 1;
    };
    this.grpc = new GrpcServer({
      services: {
        'muster.v1.AgentService': agentService({ fleet: this.fleet, admission, log: silent }),
        'muster.peer.v1.PeerService': peerService(this.peers),
      },
      ...{ keepaliveIntervalMs: 20_000, keepaliveTimeoutMs: 10_000 },
    });
  }

  get address(): string {
    return this.grpc.address;
  }

  async #link(): Promise<void> {
    const record = { name: this.name, address: this.address, version: '1', startedUnixMs: 1 };
    const value = values.replica.encode({ ...record, incarnation: this.#incarnation });
    await this.store.commit({ then: [{ put: keys.replica(this.name), value, lease: this.lease.current }] });
    await this.peers.start();
  }

  async close(): Promise<void> {
    this.store.mend();
    await this.fleet.drain(0);
    await this.peers.close();
    await this.grpc.close(1000);
    await this.sync.close();
    await this.cluster.close();
    await this.lease.close();
    await this.store.close();
  }
}
