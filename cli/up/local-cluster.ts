import type { Node__Output } from '../../proto/gen/muster/v1/Node.ts';
import { MusterError } from '../../shared/errors.ts';
import { RpcClient } from '../../shared/rpc/client.ts';
import { isRetryable } from '../../shared/rpc/retry.ts';
import { sleep } from '../../shared/time.ts';
import { listNodes } from '../job/list-nodes.ts';
import { programPath } from '../program-path.ts';
import type { LocalNode } from './local-nodes.ts';
import { LocalProcess } from './local-process.ts';
import type { StateFolder } from './state-folder.ts';

export interface LocalClusterOptions {
  readonly folder: StateFolder;
  readonly listen: string;
  readonly http: string;
  readonly nodes: readonly LocalNode[];
  /** Something worth telling happened. */
  readonly onNotice: (text: string) => void;
}

const restartDelayMs = 1000;
const quickEndMs = 5000;
const quickEndsAllowed = 5;

/** One replica and its agents, each a process of its own; one that dies is started again, as a service manager would. */
export class LocalCluster {
  readonly #options: LocalClusterOptions;
  readonly #processes = new Map<string, LocalProcess>();
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
   * Starts everything and resolves when every node is connected, with all nodes the replica knows; rejects after `withinMs`, or
   * when a part can't run.
   */
  async start(withinMs: number): Promise<Node__Output[]> {
    const { folder, listen, http, nodes } = this.#options;
    const store = `embedded:${folder.path('store')}`;
    const replica = ['--listen', listen, '--http', http, '--store', store, '--name', 'local'];
    this.#keep('replica', [programPath.replica, ...replica]);
    const client = new RpcClient({ servers: [listen] });
    try {
      const deadline = performance.now() + withinMs;
      await this.#until(client, deadline, () => true, 'the replica does not answer');
      for (const { name, labels } of nodes) {
        const given = Object.entries(labels).flatMap(([key, value]) => ['--label', `${key}=${value}`]);
        const argv = ['--server', listen, '--name', name, '--state-dir', folder.path('nodes', name), ...given];
        this.#keep(name, [programPath.agent, ...argv]);
      }
      const connected = (known: readonly Node__Output[]): boolean =>
        nodes.every(({ name }) => known.some((node) => node.name === name && node.connected));
      return await this.#until(client, deadline, connected, 'not every node is connected');
    } finally {
      client.close();
    }
  }

  /** Agents first, so that they take leave; the replica last. */
  async stop(): Promise<void> {
    this.#stopping.abort(new Error('stopping'));
    const all = [...this.#processes.values()];
    await Promise.all(all.filter(({ name }) => name !== 'replica').map((one) => one.stop()));
    await this.#processes.get('replica')?.stop();
    this.#options.folder.release();
  }

  async #until(
    client: RpcClient,
    deadline: number,
    reached: (nodes: readonly Node__Output[]) => boolean,
    otherwise: string,
  ): Promise<Node__Output[]> {
    for (;;) {
      const nodes = await Promise.race([
        this.broken,
        listNodes(client, '').catch((error: unknown) => {
          if (isRetryable(error)) return undefined;
          throw error;
        }),
      ]);
      if (nodes !== undefined && reached(nodes)) return nodes;
      if (performance.now() > deadline) {
        throw new MusterError(
          'REPLICA_UNAVAILABLE',
          `${otherwise}; the logs are in ${this.#options.folder.path('logs')}`,
        );
      }
      await Promise.race([this.broken, sleep(100, this.#stopping.signal)]);
    }
  }

  #keep(name: string, argv: readonly string[]): void {
    this.#supervise(name, argv).catch((error: unknown) => this.#broken?.(error as Error));
  }

  async #supervise(name: string, argv: readonly string[]): Promise<void> {
    const { folder, onNotice } = this.#options;
    for (let quickEnds = 0; !this.#stopping.signal.aborted; ) {
      const startedAt = performance.now();
      const process = new LocalProcess({ name, argv, folder });
      this.#processes.set(name, process);
      this.#record();
      const how = await process.ended;
      this.#record();
      if (this.#stopping.signal.aborted) return;
      quickEnds = performance.now() - startedAt < quickEndMs ? quickEnds + 1 : 0;
      // What ends by itself at once is misconfigured and says why; what was killed may start again.
      if (quickEnds > quickEndsAllowed || (quickEnds > 0 && /^exited with [12]$/.test(how))) {
        throw new Error(`${name} ${how}; the end of ${process.logPath}:\n${process.lastLines(15)}`);
      }
      onNotice(`${name} ${how}; starting it again`);
      await sleep(restartDelayMs, this.#stopping.signal).catch(() => {});
    }
  }

  #record(): void {
    const alive = [...this.#processes.values()].filter(({ running }) => running);
    this.#options.folder.record(alive.flatMap(({ identity }) => (identity ? [identity] : [])));
  }
}
