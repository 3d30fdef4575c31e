import type { Node__Output } from '../../proto/gen/muster/v1/Node.ts';
import { MusterError } from '../../shared/errors.ts';
import { RpcClient } from '../../shared/rpc/client.ts';
import { clusterMethods } from '../../shared/rpc/methods.ts';
import { isRetryable } from '../../shared/rpc/retry.ts';
import { sleep } from '../../shared/time.ts';
import { listNodes } from '../job/list-nodes.ts';
import { programPath } from '../program-path.ts';
import type { LocalNode } from './local-nodes.ts';
import type { LocalPlan } from './local-plan.ts';
import { LocalProcess } from './local-process.ts';
import type { StateFolder } from './state-folder.ts';

export interface LocalClusterOptions {
  readonly folder: StateFolder;
  readonly plan: LocalPlan;
  readonly nodes: readonly LocalNode[];
  /** What ends is started again, as a service manager would. */
  readonly restart: boolean;
  /** Something worth telling happened. */
  readonly onNotice: (text: string) => void;
}

const restartDelayMs = 1000;
const quickEndMs = 5000;
const quickEndsAllowed = 5;
type Kind = 'agent' | 'replica' | 'store';

/** Replicas, their store and their agents, each a process of its own; one that dies is started again where asked for. */
export class LocalCluster {
  readonly #options: LocalClusterOptions;
  readonly #processes = new Map<string, { kind: Kind; process: LocalProcess }>();
  readonly #stopping = new AbortController();
  #broken: ((error: Error) => void) | undefined;
  /** Rejects when a part ends again and again. */
  readonly broken: Promise<never>;

  constructor(options: LocalClusterOptions) {
    this.#options = options;
    this.broken = new Promise((_, reject) => {
      this.#broken = reject;
    });
    this.broken.catch(() => {});
  }

  /**
   * Starts everything and resolves when every node is connected, with all nodes the replicas know; rejects after `withinMs`, or
   * when a part can't run.
   */
  async start(withinMs: number): Promise<Node__Output[]> {
    const { plan, nodes } = this.#options;
    const deadline = performance.now() + withinMs;
    if (plan.etcd) {
      const [program = '', ...argv] = plan.etcd.argv;
      this.#keep('store', 'etcd', program, argv);
      await this.#until(deadline, () => answersHealthy(plan.etcd?.endpoint ?? ''), 'etcd does not answer');
    }
    for (const { name, listen, http } of plan.replicas) {
      const flags = ['--listen', listen, '--http', http, '--store', plan.store, '--name', name];
      this.#keep('replica', plan.replicas.length === 1 ? 'replica' : name, process.execPath, [
        programPath.replica,
        ...flags,
      ]);
    }
    for (const { listen } of plan.replicas) {
      await this.#ask(listen, deadline, `the replica at ${listen} does not answer`, async (client) => {
        await client.call(clusterMethods.GetVersion, {});
        return true;
      });
    }
    for (const node of nodes) this.#startAgent(node);
    const [first] = plan.replicas;
    return this.#ask(first?.listen ?? '', deadline, 'not every node is connected', async (client) => {
      const known = await listNodes(client, '');
      const connected = nodes.every(({ name }) => known.some((node) => node.name === name && node.connected));
      return connected ? known : undefined;
    });
  }

  /** Agents first, so that they take leave; then the replicas, and what they share last. */
  async stop(): Promise<void> {
    this.#stopping.abort(new Error('stopping'));
    for (const kind of ['agent', 'replica', 'store']) {
      const these = [...this.#processes.values()].filter((one) => one.kind === kind);
      await Promise.all(these.map(({ process }) => process.stop()));
    }
    this.#options.folder.release();
  }

  #startAgent({ name, labels }: LocalNode): void {
    const { plan } = this.#options;
    const servers = plan.replicas.map(({ listen }) => listen).join(',');
    const given = Object.entries(labels).flatMap(([key, value]) => ['--label', `${key}=${value}`]);
    const flags = ['--server', servers, '--name', name, '--state-dir', `${plan.nodesFolder}/${name}`, ...given];
    this.#keep('agent', name, process.execPath, [programPath.agent, ...flags]);
  }

  /** Asks one replica until it gives an answer. */
  async #ask<Answer>(
    server: string,
    deadline: number,
    otherwise: string,
    question: (client: RpcClient) => Promise<Answer | undefined>,
  ): Promise<Answer> {
    const client = new RpcClient({ servers: [server] });
    const ask = (): Promise<Answer | undefined> =>
      question(client).catch((error: unknown) => {
        if (isRetryable(error)) return undefined;
        throw error;
      });
    try {
      return await this.#until(deadline, ask, otherwise);
    } finally {
      client.close();
    }
  }

  async #until<Answer>(
    deadline: number,
    question: () => Promise<Answer | undefined>,
    otherwise: string,
  ): Promise<Answer> {
    for (;;) {
      const answer = await Promise.race([this.broken, question()]);
      if (answer !== undefined) return answer;
      if (performance.now() > deadline) {
        const logs = this.#options.folder.path('logs');
        throw new MusterError('REPLICA_UNAVAILABLE', `${otherwise}; the logs are in ${logs}`);
      }
      await Promise.race([this.broken, sleep(100, this.#stopping.signal)]);
    }
  }

  #keep(kind: Kind, name: string, program: string, argv: readonly string[]): void {
    this.#supervise(kind, name, program, argv).catch((error: unknown) => this.#broken?.(error as Error));
  }

  async #supervise(kind: Kind, name: string, program: string, argv: readonly string[]): Promise<void> {
    const { folder, onNotice, restart } = this.#options;
    for (let quickEnds = 0; !this.#stopping.signal.aborted; ) {
      const startedAt = performance.now();
      const process = new LocalProcess({ name, program, argv, folder });
      this.#processes.set(name, { kind, process });
      this.#record();
      const how = await process.ended;
      this.#record();
      if (this.#stopping.signal.aborted) return;
      quickEnds = performance.now() - startedAt < quickEndMs ? quickEnds + 1 : 0;
      // What ends by itself at once is misconfigured and says why; what was killed may start again.
      if (quickEnds > quickEndsAllowed || (quickEnds > 0 && /^exited with [12]$/.test(how))) {
        throw new Error(`${name} ${how}; the end of ${process.logPath}:\n${process.lastLines(15)}`);
      }
      onNotice(`${name} ${how}${restart ? '; starting it again' : '; it stays down'}`);
      if (!restart) return;
      await sleep(restartDelayMs, this.#stopping.signal).catch(() => {});
    }
  }

  #record(): void {
    const running = [...this.#processes.values()].filter(({ process }) => process.running);
    this.#options.folder.record(
      running.flatMap(({ process: { name, identity } }) => (identity ? [{ name, ...identity }] : [])),
    );
  }
}

async function answersHealthy(endpoint: string): Promise<true | undefined> {
  try {
    const answer = await fetch(`http://${endpoint}/health`, { signal: AbortSignal.timeout(1000) });
    return answer.ok && ((await answer.json()) as { health?: string }).health === 'true' ? true : undefined;
  } catch {
    return undefined;
  }
}
