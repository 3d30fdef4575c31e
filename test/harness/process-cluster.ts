import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RpcClient } from '../../shared/rpc/client.ts';
import { nodeMethods } from '../../shared/rpc/methods.ts';
import { freePort } from '../../tools/free-port.ts';
import { Program } from './program.ts';

export interface ProcessClusterOptions {
  /** Real agents, `node-0`, `node-1`, …, labelled `role=test`. */
  readonly agents: number;
  /**
   * Setting `store` of each replica: as many replicas as there are entries. One replica on an embedded store where not given.
   */
  readonly stores?: readonly string[];
  /** For the replicas. */
  readonly env?: Readonly<Record<string, string>>;
  readonly replicaFlags?: readonly string[];
  readonly agentFlags?: readonly string[];
  /** Where everything is; a temporary folder, removed with the cluster, where not given. */
  readonly folder?: string;
  /** Asked once it is known where the replicas will listen. */
  readonly surround?: (addresses: readonly string[]) => Promise<Surroundings>;
}

/** What stands between replicas and those who dial them. */
export interface Surroundings {
  /** Where agents find the replicas. */
  readonly servers: readonly string[];
  /** For the replicas. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Replicas and a few real agents, each a process that may be killed at any moment. */
export class ProcessCluster {
  readonly folder: string;
  readonly replicas: readonly Program[];
  /** Where replica n listens, before and after a restart. */
  readonly addresses: readonly string[];
  /** Where agents find replica n. */
  readonly servers: readonly string[];
  /** Where replica n serves health and metrics. */
  readonly httpAddresses: readonly string[];
  readonly agents: readonly Program[];
  /** Of all replicas, one at a time. */
  readonly client: RpcClient;
  readonly #temporary: boolean;

  private constructor(
    options: ProcessClusterOptions,
    addresses: readonly string[],
    https: readonly string[],
    around: Surroundings,
  ) {
    const { agents, replicaFlags = [], agentFlags = [] } = options;
    const env = { ...options.env, ...around.env };
    this.#temporary = options.folder === undefined;
    this.folder = options.folder ?? mkdtempSync(join(tmpdir(), 'muster-cluster-'));
    const logs = join(this.folder, 'logs');
    mkdirSync(logs, { recursive: true });
    const stores = options.stores ?? [`embedded:${join(this.folder, 'store')}`];
    this.addresses = addresses;
    this.servers = around.servers;
    this.httpAddresses = https;
    this.replicas = stores.map((store, n) => {
      const own = ['--listen', addresses[n] ?? '', '--http', https[n] ?? '', '--store', store];
      const name = options.stores === undefined ? 'cluster' : replicaName(n);
      return new Program({
        argv: ['server/main.ts', ...own, '--name', name, ...replicaFlags],
        logPath: join(logs, `replica-${n}.log`),
        env,
      });
    });
    const servers = around.servers.flatMap((server) => ['--server', server]);
    this.agents = Array.from({ length: agents }, (_, n) => {
      const given = [...servers, '--name', `node-${n}`, '--state-dir', this.stateDir(n)];
      const fast = ['--reconnect-base', '20ms', '--reconnect-cap', '200ms'];
      return new Program({
        argv: ['agent/main.ts', ...given, ...fast, '--label', 'role=test', ...agentFlags],
        logPath: join(logs, `node-${n}.log`),
      });
    });
    this.client = new RpcClient({ servers: addresses });
  }

  /** Made, nothing of it started. */
  static async make(options: ProcessClusterOptions): Promise<ProcessCluster> {
    const addresses: string[] = [];
    const https: string[] = [];
    for (let n = 0; n < (options.stores?.length ?? 1); n += 1) {
      addresses.push(`127.0.0.1:${await freePort()}`);
      https.push(`127.0.0.1:${await freePort()}`);
    }
    const around = (await options.surround?.(addresses)) ?? { servers: addresses };
    return new ProcessCluster(options, addresses, https, around);
  }

  /** Started, all replicas ready and all agents connected. A number of agents means one replica on the embedded store; `env` is for it. */
  static async start(
    options: ProcessClusterOptions | number,
    env: Record<string, string> = {},
  ): Promise<ProcessCluster> {
    const cluster = await ProcessCluster.make(typeof options === 'number' ? { agents: options, env } : options);
    for (const program of [...cluster.replicas, ...cluster.agents]) program.start();
    await cluster.ready();
    await cluster.connected(cluster.agents.length);
    return cluster;
  }

  /** The first one. */
  get replica(): Program {
    return this.replicas[0] as Program;
  }

  /** Where the first one listens. */
  get address(): string {
    return this.addresses[0] as string;
  }

  /** State folder of agent n. */
  stateDir(n: number): string {
    return join(this.folder, `node-${n}`);
  }

  /** Waits until every replica says that it is ready. */
  async ready(capMs = 30_000): Promise<void> {
    const deadline = performance.now() + capMs;
    for (const http of this.httpAddresses) {
      while (!(await fetch(`http://${http}/readyz`).catch(() => undefined))?.ok) {
        if (performance.now() > deadline) throw new Error(`${http} never got ready; logs in ${this.folder}`);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
  }

  /** Waits until so many nodes that the selector matches have a session. */
  async connected(count: number, selector = 'role=test', capMs = 30_000): Promise<void> {
    const deadline = performance.now() + capMs;
    while (performance.now() < deadline) {
      const began = performance.now();
      if ((await this.#count(selector)) >= count) return;
      // Thousands of nodes are not listed again and again while they attach.
      const pauseMs = Math.max(50, 5 * (performance.now() - began));
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
    throw new Error(`never had ${count} connected nodes of ${selector}; logs in ${this.folder}`);
  }

  async close(): Promise<void> {
    this.client.close();
    await Promise.all(this.agents.map((agent) => agent.stop()));
    await Promise.all(this.replicas.map((replica) => replica.stop()));
    if (this.#temporary) rmSync(this.folder, { recursive: true, force: true });
  }

  async #count(selector: string): Promise<number> {
    let connected = 0;
    let pageToken = '';
    do {
      const page = await this.client
        .call(nodeMethods.ListNodes, { selector, pageToken, pageSize: 1000 })
        .catch(() => undefined);
      if (page === undefined) return 0;
      connected += page.nodes.filter((node) => node.connected).length;
      pageToken = page.nextPageToken;
    } while (pageToken !== '');
    return connected;
  }
}

/** `r0`, `r1`, … */
export const replicaName = (n: number): string => `r${n}`;
