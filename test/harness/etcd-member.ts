import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

const startCapMs = 30_000;

/** A running etcd process. */
export interface EtcdProcess {
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>;
  signal(signal: NodeJS.Signals): void;
}

/** What every member here has in common; flags of etcd without their dashes. */
export const quickFlags = {
  'heartbeat-interval': '50',
  'election-timeout': '500',
  logger: 'zap',
  'log-level': 'warn',
} as const;

/** Resolves when `healthUrl` says that it is healthy. It ends with this process, however that ends. */
export async function startEtcdProcess(
  binary: string,
  flags: Readonly<Record<string, string>>,
  healthUrl: string,
): Promise<EtcdProcess> {
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
  while (!(await isHealthy(healthUrl))) {
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

async function isHealthy(url: string): Promise<boolean> {
  try {
    const answer = await fetch(`${url}/health`, { signal: AbortSignal.timeout(1000) });
    return answer.ok && ((await answer.json()) as { health: string }).health === 'true';
  } catch {
    return false;
  }
}
