import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Connection } from '../../agent/connection.ts';
import type { Command } from '../../proto/gen/muster/v1/Command.ts';
import type { Limits } from '../../proto/gen/muster/v1/Limits.ts';
import type { Rollout } from '../../proto/gen/muster/v1/Rollout.ts';
import type { SubmitResponse__Output } from '../../proto/gen/muster/v1/SubmitResponse.ts';
import type { WatchEvent__Output } from '../../proto/gen/muster/v1/WatchEvent.ts';
import { Replica } from '../../server/replica.ts';
import { parseReplicaSettings, type ReplicaSettings } from '../../server/settings.ts';
import { type NodeUid, newJobId, newNodeUid } from '../../shared/ids.ts';
import { planRoot } from '../../shared/merkle.ts';
import { buildOrder } from '../../shared/order.ts';
import { RpcClient } from '../../shared/rpc/client.ts';
import { jobMethods } from '../../shared/rpc/methods.ts';
import { systemClock } from '../../shared/time.ts';
import { connect, eventually, silent } from './agent-connection.ts';
import { FakeExecutor } from './fake-executor.ts';

/** A node whose agent is the real one up to its executor, which is the test's. */
export interface TestNode {
  readonly uid: NodeUid;
  readonly name: string;
  readonly executor: FakeExecutor;
  readonly connection: Connection;
}

export interface OrderOptions {
  readonly id?: string;
  readonly command?: Command;
  readonly limits?: Limits;
  readonly rollout?: Rollout;
  readonly stdin?: Buffer;
  readonly deliverWithinMs?: number;
  readonly lane?: { readonly name: string; readonly concurrency: number };
  readonly jobDeadlineUnixMs?: number;
}

export interface RunningReplica {
  readonly address: string;
  stop(): Promise<void>;
}

export type StartReplica = (settings: ReplicaSettings) => Promise<RunningReplica>;

const startReal: StartReplica = (settings) => Replica.start({ settings, clock: systemClock, log: silent });

/** A real replica on real sockets and a real store, in the test's process, with a client of it. Close it. */
export class TestReplica {
  readonly folder: string;
  readonly name: string;
  readonly #store: string;
  readonly #start: StartReplica;
  #replica: RunningReplica | undefined;
  #address: string | undefined;
  #client: RpcClient | undefined;
  readonly #nodes: TestNode[] = [];

  private constructor(folder: string, store: string, name: string, start: StartReplica) {
    this.folder = folder;
    this.#store = store;
    this.name = name;
    this.#start = start;
  }

  /** `store` is an embedded one in a folder of its own where not given. */
  static async start(
    options: { store?: string; name?: string; args?: readonly string[]; start?: StartReplica } = {},
  ): Promise<TestReplica> {
    const folder = mkdtempSync(join(tmpdir(), 'muster-replica-'));
    const test = new TestReplica(
      folder,
      options.store ?? `embedded:${join(folder, 'store')}`,
      options.name ?? 'test-replica',
      options.start ?? startReal,
    );
    await test.begin(options.args);
    return test;
  }

  /** Starts the replica, again where it was stopped: on the same store, at the same address. */
  async begin(args: readonly string[] = []): Promise<void> {
    const listen = this.#address ?? '127.0.0.1:0';
    const argv = ['--listen', listen, '--http', '127.0.0.1:0', '--store', this.#store, '--name', this.name, ...args];
    const settings = parseReplicaSettings(argv, {});
    this.#replica = await this.#start(settings);
    this.#address = this.#replica.address;
    this.#client ??= new RpcClient({ servers: [this.address] });
  }

  get address(): string {
    if (this.#address === undefined) throw new Error('the replica was never started');
    return this.#address;
  }

  get client(): RpcClient {
    if (this.#client === undefined) throw new Error('the replica was never started');
    return this.#client;
  }

  /** A graceful stop; `begin` starts it again. */
  async stop(): Promise<void> {
    await this.#replica?.stop();
    this.#replica = undefined;
  }

  /** Connects a node whose executor the test plays; resolves when its session is open. */
  async node(name: string, labels?: Record<string, string>): Promise<TestNode>;
  async node<Played extends FakeExecutor>(
    name: string,
    labels: Record<string, string>,
    executor: Played,
  ): Promise<TestNode & { readonly executor: Played }>;
  async node(name: string, labels: Record<string, string> = {}, executor = new FakeExecutor()): Promise<TestNode> {
    return await this.#connect(name, newNodeUid(), labels, executor);
  }

  /** The same node dials again: same uid, same executor. */
  async again({ name, uid, executor }: TestNode): Promise<TestNode> {
    return await this.#connect(name, uid, {}, executor);
  }

  async #connect(
    name: string,
    uid: NodeUid,
    labels: Record<string, string>,
    executor: FakeExecutor,
  ): Promise<TestNode> {
    let live = false;
    const identity = { name, uid, bootId: 'boot', version: '0.0.0', labels, facts: { os: 'test' }, capabilities: [] };
    const connection = connect([this.address], executor, { identity, onLive: () => (live = true) });
    const node = { uid, name, executor, connection };
    this.#nodes.push(node);
    await eventually(() => live, `a session of ${name}`);
    return node;
  }

  /** Submits an order for these nodes, by default `true`. */
  async submit(
    nodes: readonly TestNode[],
    options: OrderOptions = {},
  ): Promise<{ id: string; response: SubmitResponse__Output }> {
    const targets = nodes.map((node) => node.uid);
    const { order, bytes } = buildOrder({
      id: options.id ?? newJobId(),
      command: options.command ?? { argv: ['true'] },
      plan: { root: planRoot(targets), count: targets.length },
      createdUnixMs: Date.now(),
      ...options,
    });
    const stdin = options.stdin ?? Buffer.alloc(0);
    const response = await this.client.call(jobMethods.Submit, { order: bytes, targets, stdin });
    return { id: order.id, response: response as SubmitResponse__Output };
  }

  /** Everything a watch of the job says until it ends. */
  async watch(jobId: string, request: object = {}): Promise<WatchEvent__Output[]> {
    const events: WatchEvent__Output[] = [];
    // Far beyond what anything here takes: only a broken watch never ends.
    const options = { timeoutMs: 30_000 };
    for await (const { event } of this.client.stream(jobMethods.Watch, { jobId, ...request }, options)) {
      if (event) events.push(event as WatchEvent__Output);
    }
    return events;
  }

  async close(): Promise<void> {
    this.#client?.close();
    await Promise.all(this.#nodes.map((node) => node.connection.close()));
    await this.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
