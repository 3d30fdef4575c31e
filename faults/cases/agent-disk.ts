import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { damageSpool } from '../cluster/damage-spool.ts';
import { startTrialEtcd } from '../cluster/etcd.ts';
import { FaultCluster } from '../cluster/fault-cluster.ts';
import { cutEnd, flipBytes } from '../damage.ts';
import { FaultedJob } from '../faulted-job.ts';
import type { FaultCase, Trial } from '../trial.ts';

const lossy = ['disk-full', 'bound', 'drain-killed'];

export const agentDisk: FaultCase = {
  name: 'agent-disk',
  title:
    'the agent’s disk is full, its journal and spool are cut short and have bytes flipped: it starts, says what is lost, serves the rest',
  short: true,
  async run(trial) {
    const etcd = await startTrialEtcd(trial);
    const folder = trial.folder('cluster');
    const small = join(folder, 'node-0');
    const mounted = mountSmall(trial, small);
    const cluster = await FaultCluster.start(trial, { replicas: 1, agents: mounted ? 2 : 1, etcd: [etcd.endpoint] });
    if (mounted) await fill(trial, cluster);
    const damages = trial.full ? 60 : 4;
    for (let n = 0; n < damages; n += 1) await damage(trial, cluster, mounted ? 1 : 0);
    for (let n = 0; n < damages / 4; n += 1) await damageSpool(trial, cluster, mounted ? 1 : 0);
    cluster.collect();
  },
};

/** A disk of 1 MB there; false where this user may not mount. */
function mountSmall(trial: Trial, path: string): boolean {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  const done = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m,mode=700', 'tmpfs', path], { encoding: 'utf8' });
  if (done.status !== 0) {
    trial.say(`without the full disk: ${done.stderr.trim() || 'mount can’t be run'}`);
    return false;
  }
  trial.after(() => {
    const left = spawnSync('umount', ['-l', path], { encoding: 'utf8' });
    if (left.status !== 0) throw new Error(`umount ${path}: ${left.stderr}`);
  });
  return true;
}

/** Output several times as large as the disk: the end gets through, the gap is marked. */
async function fill(trial: Trial, cluster: FaultCluster): Promise<void> {
  trial.fault('fill-disk', 'node-0', 'nothing-offered');
  const work = { lines: 40_000, linesAStep: 4000, pauseMs: 50, exitCode: 7 };
  const job = await FaultedJob.onReal(trial, cluster, work, { gaps: lossy, names: ['node-0'] });
  await job.over();
  const lost = trial.history.events.filter((event) => event.type === 'gap').length;
  trial.figure('gaps that the full disk left', lost, '');
}

/** The agent is killed in mid-command, its journal damaged; then it must do its work. */
async function damage(trial: Trial, cluster: FaultCluster, n: number): Promise<void> {
  const agent = cluster.processes.agents[n];
  if (agent === undefined) throw new Error(`there is no agent ${n}`);
  const name = `node-${n}`;
  const work = { lines: 200, linesAStep: 20, pauseMs: 50, exitCode: 6 };
  const states = ['EXECUTION_STATE_FAILED', 'EXECUTION_STATE_INTERRUPTED'] as const;
  // What the journal does not know any more has no reader that could tell where its output ended.
  const job = await FaultedJob.onReal(trial, cluster, work, { states, names: [name], withoutOutput: true });
  await job.reached(3, 1);
  await cluster.killAgent(n, job.window);
  const journal = join(cluster.processes.stateDir(n), 'journal', 'journal');
  const cut = trial.random.below(2) === 0;
  const bytes = cut ? cutEnd(journal, trial.random) : flipBytes(journal, trial.random, 1 + trial.random.below(4));
  trial.fault(cut ? 'cut-journal' : 'flip-journal', name, job.window);
  trial.note(`${bytes} bytes of the journal are damaged`);
  agent.start();
  await job.over();
  const after = await FaultedJob.onReal(trial, cluster, { ...work, lines: 20 }, { names: [name] });
  await after.over();
}
