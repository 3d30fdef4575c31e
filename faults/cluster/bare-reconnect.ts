import { join } from 'node:path';
import { Program } from '../../test/harness/program.ts';
import type { Trial } from '../trial.ts';

/** How long after the kill of their server each of `count` bare grpc-js clients has a stream that flows with another, in ms. */
export async function bareReconnectMs(trial: Trial, count: number): Promise<number[]> {
  const folder = trial.folder('bare');
  const begin = (name: string, file: string, args: readonly string[] = []): Program => {
    const program = new Program({
      argv: [`faults/programs/${file}`, ...args],
      logPath: join(folder, `${name}.log`),
      outPath: join(folder, `${name}.out`),
    });
    program.start();
    trial.after(() => program.stop());
    return program;
  };
  const servers = [begin('first', 'bare-server.ts'), begin('other', 'bare-server.ts')];
  const ports = await Promise.all(servers.map((server) => said(server, /^(\d+)$/m)));
  const clients = begin('clients', 'bare-clients.ts', [`${count}`, ...ports.map((port) => `127.0.0.1:${port}`)]);
  await said(clients, /^(attached)$/m);
  const killedAt = Date.now();
  await servers[0]?.end('SIGKILL');
  const times = JSON.parse(await said(clients, /^(\[.*\])$/m)) as number[];
  for (const program of [clients, ...servers]) await program.end('SIGKILL');
  return times.map((at) => at - killedAt);
}

async function said(program: Program, pattern: RegExp): Promise<string> {
  const deadline = performance.now() + 60_000;
  for (;;) {
    const found = pattern.exec(program.output)?.[1];
    if (found !== undefined) return found;
    if (!program.alive || performance.now() > deadline)
      throw new Error(`a bare program did not say ${pattern}: ${program.log}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
