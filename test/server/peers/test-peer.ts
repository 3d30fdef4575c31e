import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PeerFrame__Output } from '../../../proto/gen/muster/peer/v1/PeerFrame.ts';
import { GrpcServer } from '../../../server/api/grpc-server.ts';
import { peerService } from '../../../server/api/peer-service.ts';
import type { PeerLink, PeerSink } from '../../../server/peers/peer-link.ts';
import { Peers } from '../../../server/peers/peers.ts';
import { EmbeddedStore } from '../../../server/store/embedded/embedded-store.ts';
import { keys } from '../../../server/store/keys.ts';
import type { Store } from '../../../server/store/store.ts';
import { values } from '../../../server/store/values.ts';
import type { NodeUid } from '../../../shared/ids.ts';
import { systemClock } from '../../../shared/time.ts';
import { eventually, silent } from '../../harness/agent-connection.ts';
import { TcpProxy } from '../../harness/tcp-proxy.ts';
import { FakeSessions } from './fake-sessions.ts';

/** Node number n. */
export const node = (n: number): NodeUid => n.toString(16).padStart(32, '0') as NodeUid;

/** What a replica's sink was told, in order. */
export class TestSink implements PeerSink {
  readonly said: string[] = [];
  readonly frames: PeerFrame__Output[] = [];
  onFrame: (link: PeerLink, frame: PeerFrame__Output) => void = () => {};

  linkUp(link: PeerLink): void {
    this.said.push(`up ${link.replica}`);
  }
  linkDown(link: PeerLink): void {
    this.said.push(`down ${link.replica}`);
  }
  sessionOpened({ uid, epoch, link }: Parameters<PeerSink['sessionOpened']>[0]): void {
    this.said.push(`opened ${Number.parseInt(uid, 16)} ${epoch.era}.${epoch.revision} at ${link.replica}`);
  }
  sessionClosed({ uid, epoch, link, live }: Parameters<PeerSink['sessionClosed']>[0]): void {
    const still = live ? ', still live' : '';
    this.said.push(`closed ${Number.parseInt(uid, 16)} ${epoch.era}.${epoch.revision} at ${link.replica}${still}`);
  }
  frame(link: PeerLink, frame: PeerFrame__Output): void {
    this.said.push(`${frame.frame} from ${link.replica}`);
    this.frames.push(frame);
    this.onFrame(link, frame);
  }
}

export interface PeerOptions {
  readonly leaseTermMs?: number;
  /** Others reach it through a proxy. */
  readonly proxied?: boolean;
  readonly incarnation?: string;
}

/** One replica's peers on a real socket; its sessions and what is above are the test's. */
export class TestPeer {
  readonly name: string;
  readonly sessions = new FakeSessions();
  readonly sink = new TestSink();
  readonly status = { sessions: 0, openJobs: 0, fenced: false, leaseAgeMs: 0, stopping: false };
  readonly incarnation: string;
  readonly peers: Peers;
  readonly grpc: GrpcServer;
  proxy: TcpProxy | undefined;
  readonly #store: Store;

  constructor(store: Store, name: string, { leaseTermMs = 10_000, incarnation }: PeerOptions) {
    this.name = name;
    this.#store = store;
    this.incarnation = incarnation ?? randomBytes(16).toString('hex');
    this.peers = new Peers({
      ...{ store, log: silent, clock: systemClock, replica: name, incarnation: this.incarnation, version: '1' },
      ...{ leaseTermMs, local: this.sessions, sink: this.sink, status: () => this.status },
    });
    this.grpc = new GrpcServer({
      services: { 'muster.peer.v1.PeerService': peerService(this.peers) },
      ...{ keepaliveIntervalMs: 20_000, keepaliveTimeoutMs: 10_000 },
    });
  }

  async begin({ proxied = false }: PeerOptions): Promise<void> {
    await this.grpc.listen('127.0.0.1:0');
    if (proxied) this.proxy = await TcpProxy.start(this.grpc.address);
    await this.announce();
    await this.peers.start();
  }

  async announce(): Promise<void> {
    const address = this.proxy?.endpoint ?? this.grpc.address;
    const { name, incarnation } = this;
    const value = values.replica.encode({ name, address, version: '1', startedUnixMs: 1, incarnation });
    await this.#store.commit({ then: [{ put: keys.replica(name), value }] });
  }

  /** How often something was told. */
  told(what: string): number {
    return this.sink.said.filter((each) => each === what).length;
  }

  async tells(what: string, times = 1): Promise<void> {
    await eventually(() => this.told(what) >= times, `${this.name} telling "${what}" (${this.sink.said.join('; ')})`);
  }

  async close(): Promise<void> {
    await this.peers.close();
    await this.proxy?.stop();
    await this.grpc.close(0);
  }
}

/** Replicas that share a store. Close it. */
export class PeerRig {
  readonly folder: string;
  readonly store: Store;
  readonly #peers: TestPeer[] = [];

  private constructor(folder: string, store: Store) {
    this.folder = folder;
    this.store = store;
  }

  static async start(): Promise<PeerRig> {
    const folder = mkdtempSync(join(tmpdir(), 'muster-peers-'));
    return new PeerRig(folder, await EmbeddedStore.open({ path: folder, log: silent }));
  }

  async peer(name: string, options: PeerOptions = {}): Promise<TestPeer> {
    const peer = new TestPeer(this.store, name, options);
    this.#peers.push(peer);
    await peer.begin(options);
    return peer;
  }

  /** Two that see each other. */
  async pair(a: PeerOptions = {}, b: PeerOptions = {}): Promise<[TestPeer, TestPeer]> {
    const [one, two] = [await this.peer('a', a), await this.peer('b', b)];
    await this.linked(one, two);
    return [one, two];
  }

  async linked(one: TestPeer, two: TestPeer): Promise<void> {
    await eventually(() => one.peers.link(two.name) !== undefined, `a link of ${one.name} to ${two.name}`);
    await eventually(() => two.peers.link(one.name) !== undefined, `a link of ${two.name} to ${one.name}`);
  }

  async close(): Promise<void> {
    await Promise.all(this.#peers.map((peer) => peer.close()));
    await this.store.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
