import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { execa, type ResultPromise } from 'execa';
import { freePort, freePortRow } from '../../tools/free-port.ts';
import { startEtcd } from '../harness/etcd.ts';
import { findEtcd } from '../harness/etcd-binary.ts';

const root = join(import.meta.dirname, '../..');
const text = readFileSync(join(root, 'README.md'), 'utf8');
const folder = mkdtempSync(join(tmpdir(), 'muster-readme-'));
const ports = { grpc: await freePort(), http: await freePort(), grpc2: await freePort(), http2: await freePort() };
const silentPort = await freePort();
const etcd = await startEtcd();
const env = {
  MUSTER_SERVER: `127.0.0.1:${ports.grpc}`,
  PATH: `${folder}:${join(root, 'cli/bin')}:${process.env.PATH}`,
};
let up: ResultPromise | undefined;

/** Where there is no grpcurl the same call is made by buf's. */
const grpcurl = `#!/bin/sh
set -e
data='{}'
while :; do
  case $1 in
    -plaintext) shift ;;
    -d) data=$2; shift 2 ;;
    *) break ;;
  esac
done
host=$1
case $2 in
  list) exec buf curl --protocol grpc --http2-prior-knowledge --list-services "http://$host" ;;
  describe) exec buf curl --protocol grpc --http2-prior-knowledge --list-methods "http://$host" ;;
  *) exec buf curl --protocol grpc --http2-prior-knowledge -d "$data" "http://$host/$2" ;;
esac
`;

/** The fenced blocks of one kind, their lines, with this run's addresses and folders in the place of the README's. */
function blocks(info: string): string[][] {
  const found = [...text.matchAll(/^```([^\n]*)\n([\s\S]*?)^```$/gm)].filter(([, kind]) => kind === info);
  return found.map(([, , body]) =>
    adapted(body ?? '')
      .split('\n')
      .filter((line) => line !== ''),
  );
}

const adapted = (body: string): string =>
  body
    .replaceAll('127.0.0.1:7500', `127.0.0.1:${ports.grpc}`)
    .replaceAll('127.0.0.1:7501', `127.0.0.1:${ports.http}`)
    .replaceAll('127.0.0.1:7600', `127.0.0.1:${ports.grpc2}`)
    .replaceAll('127.0.0.1:7601', `127.0.0.1:${ports.http2}`)
    .replaceAll('127.0.0.1:7610', `127.0.0.1:${silentPort}`)
    .replaceAll('etcd://127.0.0.1:2379', `etcd://${etcd.endpoint}`)
    .replaceAll('/var/lib/muster', join(folder, 'real'));

before(async () => {
  if ((await execa('grpcurl', ['-version'], { reject: false })).failed) {
    writeFileSync(join(folder, 'grpcurl'), grpcurl);
    chmodSync(join(folder, 'grpcurl'), 0o755);
  }
});

after(async () => {
  up?.kill('SIGTERM');
  await up;
  await etcd.stop();
  rmSync(folder, { recursive: true, force: true });
});

test('the two commands are scripts of the package', () => {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  };
  const shown = [...text.matchAll(/^\$ npm ci && npm (?:run )?(\w+)/gm)].map(([, name]) => name ?? '');
  assert.deepEqual(shown, ['demo', 'test']);
  for (const name of shown) assert.ok(scripts[name], `package.json has no script ${name}`);
});

test('muster up comes up as the README says', async () => {
  const [lines = []] = blocks('sh up');
  assert.equal(lines.at(-1), 'muster up');
  const more = [
    '--listen',
    env.MUSTER_SERVER,
    '--http',
    `127.0.0.1:${ports.http}`,
    '--state-dir',
    join(folder, 'state'),
  ];
  const script = `${lines.slice(0, -1).join('\n')}\nexec muster up ${more.map((word) => `'${word}'`).join(' ')}`;
  up = execa('sh', ['-c', script], { env, cwd: root, reject: false, stdin: 'ignore' });
  await said(up, 'all connected');
});

test('every line to type next does what it says', async (t) => {
  const [next = [], byHand = []] = blocks('sh');
  assert.equal(next.length, 13, 'the way to muster, and twelve lines');
  // One shell for a block: a line may use what an earlier one set. The status of each is told apart on a channel of its own.
  for (const lines of [next, byHand]) {
    const script = lines.map((line, at) => `${line}\necho "${at} $?" >&3`).join('\n');
    const { all, stdio } = await execa('sh', ['-c', script], {
      env,
      cwd: root,
      all: true,
      reject: false,
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    });
    const statuses = String(stdio[3])
      .trim()
      .split('\n')
      .map((line) => line.split(' ')[1]);
    for (const [at, line] of lines.entries()) {
      await t.test(line.split(/ +# /)[0] ?? line, () => assert.equal(statuses[at], '0', `${line}\n${all}`));
    }
  }
});

test('the lines show what their comments promise', async () => {
  const shell = async (line: string): Promise<string> => {
    const { all } = await execa('sh', ['-c', line], { env, cwd: root, all: true, reject: false, stdin: 'ignore' });
    return String(all);
  };
  const [next = []] = blocks('sh');
  const lineWith = (words: string): string =>
    next.find((line) => line.includes(words)) ?? assert.fail(`no line with ${words}`);
  assert.match(await shell(lineWith('muster nodes')), /web-3 +connected/);
  assert.match(
    await shell(lineWith('muster cluster')),
    /^local +ok +leader [\s\S]*^store: embedded, era 1 .*confirmed$/m,
  );
  assert.match(await shell(lineWith("exit 3'")), /status 3/);
  assert.match(await shell(lineWith('timeout 2s')), /timed out[^\n]*TERM[\s\S]*status 124/);
  assert.match(await shell(lineWith('--stdin -')), /hello/);
  assert.match(await shell(lineWith('jsonl')), /^\{.*\}$/m);
});

test('three replicas come up as the README says', async () => {
  const [[line = ''] = []] = blocks('sh cluster');
  assert.equal(line, 'muster up --replicas 3');
  const base = await freePortRow(32);
  const [listen, http] = [`127.0.0.1:${base}`, `127.0.0.1:${base + 5}`];
  const flags = `--nodes 1 --state-dir '${join(folder, 'cluster')}' --listen ${listen} --http ${http} --etcd '${findEtcd()}'`;
  const cluster = execa('sh', ['-c', `exec ${line} ${flags}`], { env, cwd: root, reject: false, stdin: 'ignore' });
  try {
    await said(cluster, 'all connected');
  } finally {
    cluster.kill('SIGTERM');
    await cluster;
  }
});

test('a replica on etcd and an agent start as shown', async () => {
  const [lines = []] = blocks('sh real');
  const programs = lines.map((line) =>
    execa('sh', ['-c', `exec ${line}`], { env, cwd: root, reject: false, stdin: 'ignore' }),
  );
  try {
    const [replica, agent] = programs;
    if (!replica || !agent) assert.fail('two lines');
    await Promise.race([said(agent, 'session is live'), replica.then((ended) => assert.fail(String(ended.stderr)))]);
  } finally {
    for (const program of programs.reverse()) {
      program.kill('SIGTERM');
      await program;
    }
  }
});

test('every link leads to a file', () => {
  for (const [, path = ''] of text.matchAll(/\]\((docs\/[^)#]+)/g)) readFileSync(join(root, path));
});

/** Resolves when the program has printed the text; fails when it ends before. */
async function said(program: ResultPromise, words: string): Promise<void> {
  let seen = '';
  const heard = new Promise<void>((resolve) => {
    for (const stream of [program.stdout, program.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        seen += chunk.toString();
        if (seen.includes(words)) resolve();
      });
    }
  });
  await Promise.race([heard, program.then(() => assert.fail(`ended before it said ${words}: ${seen}`))]);
}
