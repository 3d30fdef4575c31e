import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { execa } from 'execa';

/** A replica or agent as a process of its own. */
export interface Program {
  /** Ends it by SIGTERM, and by SIGKILL after 20 s; resolves when it is gone. */
  stop(): Promise<void>;
}

/** Starts `server/main.ts` of the tree in `folder` on a free port; resolves when it serves, with its address. */
export async function startReplica(folder: string, stateDir: string): Promise<Program & { readonly address: string }> {
  const flags = [
    '--listen',
    '127.0.0.1:0',
    '--http',
    '127.0.0.1:0',
    '--store',
    `embedded:${stateDir}`,
    '--name',
    'replica',
  ];
  const child = start(folder, 'server/main.ts', flags);
  const said: string[] = [];
  for await (const line of createInterface({ input: child.stderr as NodeJS.ReadableStream })) {
    said.push(line);
    const address = /serves on ([^ "]+)/.exec(line)?.[1];
    if (address === undefined) continue;
    child.stderr?.resume();
    return { address, stop: () => stop(child) };
  }
  await stop(child);
  throw new Error(`the replica did not start:\n${said.join('\n')}`);
}

/** Starts `agent/main.ts` of the tree in `folder`. */
export function startAgent(folder: string, options: { address: string; name: string; stateDir: string }): Program {
  const { address, name, stateDir } = options;
  const child = start(folder, 'agent/main.ts', ['--server', address, '--name', name, '--state-dir', stateDir]);
  child.stderr?.resume();
  return { stop: () => stop(child) };
}

/** Runs `cli/main.ts` of the tree in `folder`. */
export async function muster(
  folder: string,
  args: readonly string[],
): Promise<{ status: number; stdout: string; stderr: string }> {
  const options = { cwd: folder, reject: false, stdin: 'ignore', timeout: 60_000 } as const;
  const done = await execa(process.execPath, [join(folder, 'cli/main.ts'), ...args], options);
  return { status: done.exitCode ?? -1, stdout: done.stdout, stderr: done.stderr };
}

function start(folder: string, program: string, flags: readonly string[]): ChildProcess {
  return spawn(process.execPath, [join(folder, program), ...flags], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGTERM');
  const kill = setTimeout(() => child.kill('SIGKILL'), 20_000);
  await gone;
  clearTimeout(kill);
}
