import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RpcClient } from '../../shared/rpc/client.ts';
import { nodeMethods } from '../../shared/rpc/methods.ts';
import { freePort } from './free-port.ts';
import { Program } from './program.ts';

/** A replica on the embedded store and a few real agents, each a process that may be killed at any moment. */
export class ProcessCluster {
  readonly folder = mkdtempSync(join(tmpdir(), 'muster-cluster-'));
  readonly replica: Program;
  readonly agents: readonly Program[];
  readonly client: RpcClient;
  /** Where the replica listens. */
  readonly address: string;

  private constructor(listen: string, http: string, agents: number) {
    const logs = join(this.folder, 'logs');
    mkdirSync(logs);
    this.replica = new Program({
      argv: [
        'server/main.ts',
        '--listen',
        listen,
        '--http',
        http,
        '--store',
        `embedded:${join(this.folder, 'store')}`,
        '--name',
        'cluster',
      ],
      logPath: join(logs, 'replica.log'),
    });
    this.agents = Array.from({ length: agents }, (_, n) => {
      const given = ['--server', listen, '--name', `node-${n}`, '--state-dir', join(this.folder, `node-${n}`)];
      const fast = ['--reconnect-base', '20ms', '--reconnect-cap', '200ms'];
      return new Program({
        argv: ['agent/main.ts', ...given, ...fast, '--label', 'role=test'],
        logPath: join(logs, `node-${n}.log`),
      });
    });
    this.address = listen;
    this.client = new RpcClient({ servers: [listen] });
  }

  /** `env` is for the replica. */
  static async start(agents: number, env: Record<string, string> = {}): Promise<ProcessCluster> {
    const cluster = new ProcessCluster(`127.0.0.1:${await freePort()}`, `127.0.0.1:${await freePort()}`, agents);
    cluster.replica.start(env);
    for (const agent of cluster.agents) agent.start();
    await cluster.connected(agents);
    return cluster;
  }

  /** Waits until so many nodes have a session. */
  async connected(count: number): Promise<void> {
    for (let tries = 0; tries < 600; tries += 1) {
      const listed = await this.client.call(nodeMethods.ListNodes, { selector: 'role=test' }).catch(() => undefined);
      if ((listed?.nodes ?? []).filter((node) => node?.connected).length >= count) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(`never had ${count} connected nodes; logs in ${this.folder}`);
  }

  async close(): Promise<void> {
    this.client.close();
    await Promise.all(this.agents.map((agent) => agent.end('SIGTERM')));
    await this.replica.end('SIGTERM');
    rmSync(this.folder, { recursive: true, force: true });
  }
}
