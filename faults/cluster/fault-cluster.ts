import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RpcClient } from '../../shared/rpc/client.ts';
import { clusterMethods, nodeMethods } from '../../shared/rpc/methods.ts';
import { retrying } from '../../shared/rpc/retry.ts';
import { ProcessCluster, replicaName } from '../../test/harness/process-cluster.ts';
import type { Program } from '../../test/harness/program.ts';
import type { Trial } from '../trial.ts';
import { type HostPart, partsOf } from './host-parts.ts';
import { type LinkKind, Links } from './links.ts';
import { sumOf } from './metric.ts';
import { SimulatedFleet, type SimulatedFleetOptions } from './simulated-fleet.ts';

export interface FaultClusterOptions {
  readonly replicas: number;
  /** Only so many of them are started before the agents; all where not given. */
  readonly begin?: number;
  /** Real ones. */
  readonly agents: number;
  /** `host:port` of etcd's members. */
  readonly etcd: readonly string[];
  /** The default of a replica, 10 s, in the full set; less in the short one. */
  readonly leaseTerm?: string;
  /** As replicas and agents have it where nobody says otherwise: for thousands of agents that dial at once. */
  readonly defaultKeepalive?: boolean;
  /** These ways go through proxies of their own, which `links` has. */
  readonly linked?: readonly LinkKind[];
  /** Where each replica reaches etcd instead of at `etcd`. */
  readonly etcdOf?: readonly string[];
  readonly replicaFlags?: readonly string[];
  readonly agentFlags?: readonly string[];
}

/** Replicas and agents as processes, every fault on which is written down. */
export class FaultCluster {
  readonly processes: ProcessCluster;
  readonly links: Links;
  /** What real commands write down goes there. */
  readonly marks: string;
  readonly fleets: SimulatedFleet[] = [];
  readonly #trial: Trial;

  /** Started, all real agents connected. */
  static async start(trial: Trial, options: FaultClusterOptions): Promise<FaultCluster> {
    const { replicas, agents, etcd, replicaFlags = [], agentFlags = [], linked = [] } = options;
    const leaseTerm = options.leaseTerm ?? (trial.full ? '10s' : '4s');
    const links = await Links.open(trial, { replicas, etcd, kinds: linked });
    const stores = Array.from(
      { length: replicas },
      (_, n) => `etcd://${options.etcdOf?.[n] ?? (links.store(n) ?? etcd).join(',')}/faults`,
    );
    const quick = options.defaultKeepalive ? [] : ['--keepalive-interval', '2s', '--keepalive-timeout', '5s'];
    const processes = await ProcessCluster.make({
      ...{ agents, stores, folder: trial.folder('cluster') },
      replicaFlags: ['--lease-term', leaseTerm, '--drain-timeout', '5s', ...quick, ...replicaFlags],
      agentFlags: [...quick, ...agentFlags],
      surround: (addresses) => links.surround(addresses, linked),
    });
    trial.after(() => processes.close());
    const cluster = new FaultCluster(trial, processes, links);
    for (const replica of processes.replicas.slice(0, options.begin ?? replicas)) replica.start();
    await cluster.serving();
    for (const agent of processes.agents) agent.start();
    if (agents > 0) await processes.connected(agents);
    return cluster;
  }

  private constructor(trial: Trial, processes: ProcessCluster, links: Links) {
    this.#trial = trial;
    this.processes = processes;
    this.links = links;
    this.marks = join(trial.folder('marks'), 'marks');
  }

  get client(): RpcClient {
    return this.processes.client;
  }

  get replicas(): readonly Program[] {
    return this.processes.replicas;
  }

  get addresses(): readonly string[] {
    return this.processes.addresses;
  }

  /** A process with simulated agents of every replica (or of those given), all connected. */
  async simulate(
    options: Omit<SimulatedFleetOptions, 'servers'> & { readonly servers?: readonly string[] },
  ): Promise<SimulatedFleet> {
    const fleet = new SimulatedFleet(this.#trial, { servers: this.addresses, ...options });
    this.fleets.push(fleet);
    fleet.program.start();
    await this.processes.connected(fleet.count, `fleet=${fleet.prefix}`, 240_000);
    return fleet;
  }

  /** Waits until every replica that runs is ready. */
  async serving(): Promise<void> {
    await Promise.all([...this.replicas.keys()].filter((n) => this.replicas[n]?.alive).map((n) => this.ready(n)));
  }

  /** Waits until replica n is ready. */
  async ready(n: number, capMs = 60_000): Promise<void> {
    const deadline = performance.now() + capMs;
    for (;;) {
      this.#trial.signal.throwIfAborted();
      const url = `http://${this.processes.httpAddresses[n]}/readyz`;
      const answer = await fetch(url, { signal: AbortSignal.timeout(1000) }).catch(() => undefined);
      if (answer?.ok) return;
      const late = performance.now() > deadline;
      if (late || !this.replicas[n]?.alive)
        throw new Error(
          `${replicaName(n)} ${late ? 'is not ready' : 'has ended'}:\n${this.replicas[n]?.log.slice(-2000)}`,
        );
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** Number of the replica of that name; -1 where there is none. */
  indexOf(name: string): number {
    return this.replicas.findIndex((_, n) => replicaName(n) === name);
  }

  /** Name of the leader; empty while there is none. */
  async leader(): Promise<string> {
    const answer = await this.client.call(clusterMethods.GetLeader, {}).catch(() => undefined);
    return answer?.replica ?? '';
  }

  /** Names of the nodes that the replica holds, as the directory has it. */
  async nodesOn(replica: string, selector = ''): Promise<Set<string>> {
    const names = new Set<string>();
    let pageToken = '';
    do {
      const request = { selector, pageToken, pageSize: 1000 };
      const options = { forMs: 30_000, signal: this.#trial.signal };
      const page = await retrying(() => this.client.call(nodeMethods.ListNodes, request), options);
      for (const node of page.nodes) if (node.connected && node.replica === replica) names.add(node.name);
      pageToken = page.nextPageToken;
    } while (pageToken !== '');
    return names;
  }

  /** A metric of replica n, summed over its series that bear the labels; 0 where there is none. */
  async metric(n: number, name: string, labels: Readonly<Record<string, string>> = {}): Promise<number> {
    const answer = await fetch(`http://${this.processes.httpAddresses[n]}/metrics`);
    return sumOf(await answer.text(), name, labels);
  }

  async kill(n: number, window: string): Promise<void> {
    this.#trial.fault('kill-replica', replicaName(n), window);
    await this.replicas[n]?.end('SIGKILL');
  }

  /** SIGTERM; resolves when it is gone. */
  async drain(n: number, window: string): Promise<void> {
    this.#trial.fault('drain-replica', replicaName(n), window);
    await this.replicas[n]?.end('SIGTERM');
  }

  begin(n: number): void {
    this.#trial.note(`${replicaName(n)} starts`);
    this.replicas[n]?.start();
  }

  pause(n: number, window: string): void {
    this.#trial.fault('pause-replica', replicaName(n), window);
    this.replicas[n]?.pause();
  }

  resume(n: number): void {
    this.#trial.note(`${replicaName(n)} goes on`);
    this.replicas[n]?.resume();
  }

  async killAgent(n: number, window: string): Promise<void> {
    this.#trial.fault('kill-agent', `node-${n}`, window);
    await this.processes.agents[n]?.end('SIGKILL');
  }

  /** SIGTERM, and a new process; commands run on. */
  async restartAgent(n: number, window: string): Promise<void> {
    this.#trial.fault('restart-agent', `node-${n}`, window);
    await this.processes.agents[n]?.end('SIGTERM');
    this.processes.agents[n]?.start();
  }

  pauseAgent(n: number, window: string): void {
    this.#trial.fault('pause-agent', `node-${n}`, window);
    this.processes.agents[n]?.pause();
  }

  resumeAgent(n: number): void {
    this.#trial.note(`node-${n} goes on`);
    this.processes.agents[n]?.resume();
  }

  /** Kills a supervisor, or a drain, of agent n's; nothing where there is none now. */
  killPart(n: number, part: HostPart, window: string): void {
    const pids = partsOf(this.processes.stateDir(n), part);
    const pid = pids[this.#trial.random.below(pids.length)];
    if (pid === undefined) return;
    this.#trial.fault(`kill-${part}`, `node-${n}`, window);
    process.kill(pid, 'SIGKILL');
  }

  /** Writes into the history what the commands and the simulated nodes wrote down. */
  collect(): void {
    const { history } = this.#trial;
    for (const line of existsSync(this.marks) ? readFileSync(this.marks, 'utf8').split('\n') : []) {
      const [what, execution, atUnixMs] = line.split(' ');
      if ((what !== 'start' && what !== 'stop') || execution === undefined) continue;
      history.add({ type: 'mark', what, execution, atUnixMs: Number(atUnixMs) });
    }
    for (const fleet of this.fleets) {
      for (const event of fleet.events()) {
        const atUnixMs = event.at;
        if (event.event === 'start') history.add({ type: 'mark', what: 'start', execution: event.execution, atUnixMs });
        if (event.event === 'end') history.add({ type: 'mark', what: 'stop', execution: event.execution, atUnixMs });
        if (event.event === 'live') history.add({ type: 'live', node: event.node, replica: event.replica, atUnixMs });
      }
    }
  }
}
