import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export interface EtcdServer {
  /** `host:port` for clients; the same after a restart. */
  readonly endpoint: string;
  readonly dataDir: string;
  /** Ends it for good, and removes the data folder if `startEtcd` made it. */
  stop(): Promise<void>;
  /** SIGKILL. */
  kill(): Promise<void>;
  /** Starts it again on the same data and port; kills it first where it still runs. */
  restart(): Promise<void>;
  /** SIGSTOP: accepts connections, answers nothing. */
  pause(): void;
  resume(): void;
}

const startCapMs = 30_000;

/** The etcd to test with: `MUSTER_TEST_ETCD`, or the one on PATH. Throws where there is none. */
export function findEtcd(): string {
  const named = process.env.MUSTER_TEST_ETCD;
  if (named !== undefined && named !== '') {
    if (isExecutable(named)) return named;
    throw new Error(`MUSTER_TEST_ETCD names ${named}, which is no executable file`);
  }
  const found = (process.env.PATH ?? '')
    .split(delimiter)
    .map((folder) => join(folder, 'etcd'))
    .find(isExecutable);
  if (found !== undefined) return found;
  throw new Error(
    'these tests need etcd: install it (Debian: apt-get install etcd-server), or name one in MUSTER_TEST_ETCD',
  );
}

export interface StartEtcdOptions {
  /** A folder of its own, removed by `stop`, where it is left out. */
  readonly dataDir?: string;
  /** More flags of etcd, without their dashes. */
  readonly flags?: Readonly<Record<string, string>>;
}

/** Starts one etcd member on loopback ports of its own. It ends with this process, however that ends. */
export async function startEtcd({ dataDir, flags = {} }: StartEtcdOptions = {}): Promise<EtcdServer> {
  const binary = findEtcd();
  const folder = dataDir ?? mkdtempSync(join(tmpdir(), 'muster-etcd-'));
  const [clientPort, peerPort] = [await freePort(), await freePort()];
  const start = () => startMember(binary, { ...memberFlags(folder, clientPort, peerPort), ...flags });
  let member = await start();
  return {
    endpoint: `127.0.0.1:${clientPort}`,
    dataDir: folder,
    async stop() {
      await member.kill();
      if (dataDir === undefined) rmSync(folder, { recursive: true, force: true });
    },
    kill: () => member.kill(),
    async restart() {
      await member.kill();
      member = await start();
    },
    pause: () => member.signal('SIGSTOP'),
    resume: () => member.signal('SIGCONT'),
  };
}

interface Member {
  kill(): Promise<void>;
  signal(signal: NodeJS.Signals): void;
}

function memberFlags(dataDir: string, clientPort: number, peerPort: number): Record<string, string> {
  const client = `http://127.0.0.1:${clientPort}`;
  const peer = `http://127.0.0.1:${peerPort}`;
  return {
    name: 'test',
    'data-dir': dataDir,
    'listen-client-urls': client,
    'advertise-client-urls': client,
    'listen-peer-urls': peer,
    'initial-advertise-peer-urls': peer,
    'initial-cluster': `test=${peer}`,
    'heartbeat-interval': '50',
    'election-timeout': '500',
    logger: 'zap',
    'log-level': 'warn',
  };
}

async function startMember(binary: string, flags: Record<string, string>): Promise<Member> {
  const args = Object.entries(flags).map(([name, value]) => `--${name}=${value}`);
  const child = spawn(binary, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-4000);
  });
  await once(child, 'spawn');
  // Forgotten by a failing test, it must not keep the test process alive; the watchdog ends it then.
  child.unref();
  (child.stderr as Socket).unref();
  const exited = once(child, 'exit');
  const watchdog = startWatchdog(child);
  const kill = async (): Promise<void> => {
    child.ref();
    watchdog.kill('SIGKILL');
    child.kill('SIGKILL');
    await exited;
  };
  const deadline = performance.now() + startCapMs;
  while (!(await isHealthy(flags['listen-client-urls'] as string))) {
    if (child.exitCode !== null || performance.now() > deadline) {
      await kill();
      throw new Error(`etcd did not start:\n${said}`);
    }
    await sleep(20);
  }
  return { kill, signal: (signal) => child.kill(signal) };
}

/** Ends etcd when the pipe to this process breaks. */
function startWatchdog(child: ChildProcess): ChildProcess {
  const watchdog = spawn('sh', ['-c', `read _; kill -9 ${child.pid}`], { stdio: ['pipe', 'ignore', 'ignore'] });
  watchdog.unref();
  (watchdog.stdin as Socket).unref();
  return watchdog;
}

async function isHealthy(client: string): Promise<boolean> {
  try {
    const answer = await fetch(`${client}/health`, { signal: AbortSignal.timeout(1000) });
    return answer.ok && ((await answer.json()) as { health: string }).health === 'true';
  } catch {
    return false;
  }
}

/** Below the range from which the kernel takes ports for outgoing connections. */
async function freePort(): Promise<number> {
  while (true) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    const server = createServer();
    const free = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false));
      server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
    });
    if (free) return port;
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
