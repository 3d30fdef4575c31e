import { join } from 'node:path';
import { beliefIn } from '../../cli/job/believed.ts';
import { followJob } from '../../cli/job/follow-job.ts';
import { planNodes } from '../../cli/job/plan-nodes.ts';
import { type FrozenOrder, freezeOrder, submitOrder } from '../../cli/job/submit-order.ts';
import type { Execution__Output } from '../../proto/gen/muster/v1/Execution.ts';
import type { PlannedNode__Output } from '../../proto/gen/muster/v1/PlannedNode.ts';
import type { OrderInput } from '../../shared/order.ts';
import { RpcClient } from '../../shared/rpc/client.ts';
import { clusterMethods } from '../../shared/rpc/methods.ts';
import type { BenchProcess } from './bench-process.ts';
import type { Bench } from './row.ts';

export interface StartBenchReplicaOptions {
  /** `etcd://…`; an embedded store of its own where not given. */
  readonly store?: string;
  readonly flags?: readonly string[];
}

/** A replica, as it is started by anybody, and a client that stays connected to it. */
export class BenchReplica {
  readonly process: BenchProcess;
  readonly address: string;
  /** Setting `store` of the replica. */
  readonly store: string;
  readonly client: RpcClient;
  readonly #bench: Bench;

  static async start(bench: Bench, options: StartBenchReplicaOptions = {}): Promise<BenchReplica> {
    const store = options.store ?? `embedded:${bench.folder('store')}`;
    const own = ['--listen', '127.0.0.1:0', '--http', '127.0.0.1:0', '--store', store, '--name', 'bench'];
    const replica = await bench.start({ program: 'server/main.ts', args: [...own, ...(options.flags ?? [])] });
    const [, address = ''] = await replica.says(/"address":"([^"]+)"[^\n]*"msg":"replica bench serves/);
    const started = new BenchReplica(bench, replica, address, store);
    bench.after(() => started.client.close());
    return started;
  }

  private constructor(bench: Bench, replica: BenchProcess, address: string, store: string) {
    this.#bench = bench;
    this.process = replica;
    this.address = address;
    this.store = store;
    this.client = new RpcClient({ servers: [address] });
  }

  /**
   * A process with `count` simulated agents `<prefix>-0…`, attached, labelled `fleet=<prefix>`; `elapsedMs` is how long the
   * attaching took.
   */
  async simulate(count: number, prefix: string, flags: readonly string[] = []): Promise<SimulatedFleet> {
    const own = [
      '--server',
      this.address,
      '--count',
      `${count}`,
      '--name-prefix',
      prefix,
      '--label',
      `fleet=${prefix}`,
    ];
    const agents = await this.#bench.start({ program: 'agent/simulated/main.ts', args: [...own, ...flags] });
    const [, elapsedMs] = await agents.says(/"attached":\d+,"elapsedMs":(\d+)/, 120_000);
    return { agents, elapsedMs: Number(elapsedMs) };
  }

  /** A real agent, started as by anybody, with a state folder of its own, connected. */
  async startAgent(name: string, flags: readonly string[] = []): Promise<BenchProcess> {
    const stateDir = join(this.#bench.folder(name), 'state');
    const own = ['--server', this.address, '--name', name, '--state-dir', stateDir];
    const agent = await this.#bench.start({ program: 'agent/main.ts', args: [...own, ...flags], plain: true });
    await agent.says(/"msg":"session is live"/);
    return agent;
  }

  /** The exact nodes that bear `fleet=<prefix>`. */
  planFleet(prefix: string): Promise<PlannedNode__Output[]> {
    return planNodes(this.client, { selector: `fleet=${prefix}`, nodes: [] });
  }

  /** How many agents it holds; costs it next to nothing. */
  async sessions(): Promise<number> {
    const { replicas } = await this.client.call(clusterMethods.ListReplicas, {});
    return replicas.reduce((sum, replica) => sum + replica.sessions, 0);
  }

  planNode(name: string): Promise<PlannedNode__Output[]> {
    return planNodes(this.client, { selector: '', nodes: [name] });
  }

  freeze(input: Omit<OrderInput, 'plan' | 'createdUnixMs'>, planned: readonly PlannedNode__Output[]): FrozenOrder {
    return freezeOrder({ ...input, createdUnixMs: Date.now() }, planned, undefined);
  }

  async submit(order: FrozenOrder): Promise<void> {
    await submitOrder(this.client, order, { retryForMs: 0 });
  }

  /** Every execution that moved, until the job is closed: all its results are then in the store. */
  async *watch({ id, bytes }: FrozenOrder): AsyncGenerator<Execution__Output> {
    const belief = beliefIn(bytes, { signed: false });
    const watching = followJob({ client: this.client, jobId: id, belief, withoutOutput: true, retryForMs: 0 });
    for await (const event of watching) if (event.type === 'execution') yield event.execution;
  }
}

export interface SimulatedFleet {
  readonly agents: BenchProcess;
  readonly elapsedMs: number;
}
