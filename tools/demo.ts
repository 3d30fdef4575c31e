// `npm run demo`: a replica and five agents on this host, and what they do. Takes under a minute, cleans up behind itself, and
// exits 1 where anything came out otherwise than it says.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa, type ResultPromise } from 'execa';
import { freePort } from './free-port.ts';

const muster = join(import.meta.dirname, '../cli/bin/muster');
const folder = mkdtempSync(join(tmpdir(), 'muster-demo-'));
const [port, httpPort] = [await freePort(), await freePort()];
const env = { MUSTER_SERVER: `127.0.0.1:${port}` };
const started = performance.now();
const stateDir = join(folder, 'state');

const cluster = execa(
  muster,
  ['up', '--nodes', '5', '--state-dir', stateDir, '--listen', env.MUSTER_SERVER, '--http', `127.0.0.1:${httpPort}`],
  {
    reject: false,
    stdin: 'ignore',
  },
);
const stop = (): void => void cluster.kill('SIGTERM');
process.on('SIGINT', stop);
process.on('SIGTERM', stop);
let failed = false;
try {
  say('A replica and five agents, each a process of its own: muster up');
  await ready(cluster);
  await run('The nodes', ['nodes'], 0);
  await run(
    'A command on every web node, its output as it comes',
    ['run', '-l', 'role=web', '--shell', 'for i in 1 2 3; do echo "$MUSTER_NODE: line $i"; sleep 0.4; done'],
    0,
  );
  await run(
    'A failure: one node does not have the file, the exit status says so',
    ['run', '-l', 'role', '--shell', '[ "$MUSTER_NODE" != db-2 ] || { echo "no such volume" >&2; exit 3; }; echo ok'],
    1,
  );
  await run(
    'With one named node the exit status is the command’s own',
    ['run', '--node', 'web-1', '--shell', 'exit 42'],
    42,
  );
  await run(
    'A timeout: the command ignores TERM, its receipt tells what was done',
    [
      'run',
      '--node',
      'web-2',
      '--timeout',
      '1s',
      '--grace',
      '1s',
      '--shell',
      'trap "" TERM; echo working; sleep 60 & sleep 60; sleep 60',
    ],
    124,
  );
  await cancelled();
  await resumed();
  await run('Nothing ran is never success', ['run', '-l', 'role=cache', '--', 'true'], 3);
  await run('What happened', ['jobs'], 0);
} catch (error) {
  failed = true;
  process.stderr.write(`\ndemo: ${error instanceof Error ? error.message : String(error)}\n`);
} finally {
  stop();
  await cluster;
  rmSync(folder, { recursive: true, force: true });
}
say(
  failed
    ? 'The demo failed.'
    : `Done in ${Math.round((performance.now() - started) / 1000)} s; everything is stopped and removed. Next: muster up`,
);
process.exitCode = failed ? 1 : 0;

async function cancelled(): Promise<void> {
  say('A cancel: everything a command started is ended, grandchildren too');
  const id = await detached(['-l', 'role=db', '--shell', 'echo started; setsid sleep 300 & sleep 300']);
  await until(id, 'RUNNING', 2);
  await run(undefined, ['cancel', id], 0);
  await run(undefined, ['wait', id], 1);
}

async function resumed(): Promise<void> {
  say('A watch ends, the job does not; a later one has every line from the first');
  const id = await detached([
    '-l',
    'role=web',
    '--shell',
    'for i in 1 2 3 4 5 6 7 8 9 10; do echo "step $i"; sleep 0.6; done',
  ]);
  prompt(['watch', id, '  # interrupted with Ctrl-C']);
  const first = execa(muster, ['watch', id], {
    env,
    reject: false,
    stdin: 'ignore',
    stdout: ['pipe', 'inherit'],
    stderr: 'inherit',
  });
  await line(first, 'step 2');
  first.kill('SIGINT');
  await first;
  await run(undefined, ['watch', id], 0);
}

async function detached(args: readonly string[]): Promise<string> {
  prompt(['run', '--detach', ...args]);
  const { stdout } = await execa(muster, ['run', '--detach', ...args], { env, stdin: 'ignore' });
  const id = /[0-9a-f]{32}/.exec(stdout)?.[0];
  if (id === undefined) throw new Error(`muster run --detach printed no job id but: ${stdout}`);
  process.stdout.write(`${stdout}\n`);
  return id;
}

/** Waits until so many executions of the job are in the state. */
async function until(id: string, state: string, count: number): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    const { stdout } = await execa(muster, ['jobs', 'show', id, '-o', 'json'], { env, stdin: 'ignore' });
    if (stdout.toUpperCase().split(`"${state}"`).length > count) return;
  }
  throw new Error(`job ${id} never had ${count} executions in state ${state}`);
}

async function run(title: string | undefined, args: readonly string[], expected: number): Promise<void> {
  if (title !== undefined) say(title);
  prompt(args);
  const { exitCode } = await execa(muster, args, {
    env,
    reject: false,
    stdin: 'ignore',
    stdout: 'inherit',
    stderr: 'inherit',
    timeout: 60_000,
  });
  process.stdout.write(`(exit status ${exitCode})\n`);
  if (exitCode !== expected) throw new Error(`muster ${args.join(' ')} exited with ${exitCode}, not ${expected}`);
}

async function ready(up: ResultPromise<{ reject: false; stdin: 'ignore' }>): Promise<void> {
  let ended = false;
  void up.then(() => {
    ended = true;
  });
  await line(up, 'all connected');
  if (ended) throw new Error(`muster up ended: ${(await up).stderr}`);
}

/** Resolves when the process has printed the text, or has ended. */
async function line(
  program: { stdout: NodeJS.ReadableStream | null; then: Promise<unknown>['then'] },
  text: string,
): Promise<void> {
  let seen = '';
  await new Promise<void>((resolve) => {
    program.stdout?.on('data', (chunk: Buffer) => {
      seen = (seen + chunk.toString()).slice(-4096);
      if (seen.includes(text)) resolve();
    });
    void program.then(() => resolve());
  });
}

function say(text: string): void {
  process.stdout.write(`\n── ${text}\n`);
}

function prompt(args: readonly string[]): void {
  const shown = args.map((arg) => (/^[\w@%+=:,./-]+$/.test(arg) || arg.startsWith('  #') ? arg : `'${arg}'`));
  process.stdout.write(`$ muster ${shown.join(' ')}\n`);
}
