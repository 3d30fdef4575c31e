import { sleep } from '../../shared/time.ts';
import { startTrialEtcd } from '../cluster/etcd.ts';
import { FaultCluster } from '../cluster/fault-cluster.ts';
import { FaultedJob } from '../faulted-job.ts';
import type { FaultCase, Trial } from '../trial.ts';

export const leaderKill: FaultCase = {
  name: 'leader-kill',
  title: 'the leader is killed in the middle of a job: another one is elected, the job never notices',
  short: true,
  async run(trial) {
    const [agents, count] = trial.full ? [5, 1000] : [2, 100];
    const etcd = await startTrialEtcd(trial);
    const cluster = await FaultCluster.start(trial, { replicas: 3, agents, etcd: [etcd.endpoint] });
    const fleet = await cluster.simulate({ count, prefix: 'sim' });
    const leader = await leaderOf(trial, cluster, '');
    const work = { lines: 1200, linesAStep: 20, pauseMs: 100, exitCode: 0 };
    const real = await FaultedJob.onReal(trial, cluster, work, { followers: 2 });
    const simulatedWork = { delayMs: 2000, outputBytes: 20_000, everyMs: 100 };
    const limits = { maxConcurrency: Math.round(count / 3), followers: 3 };
    const simulated = await FaultedJob.onSimulated(trial, cluster, fleet, simulatedWork, limits);
    await simulated.reached(4, Math.round(count / 10));
    await cluster.kill(cluster.indexOf(leader), simulated.window);
    const began = performance.now();
    await leaderOf(trial, cluster, leader);
    trial.figure('another leader after', Math.round(performance.now() - began), 'ms');
    await Promise.all([real.over(), simulated.over()]);
    cluster.collect();
  },
};

/** Waits for a leader of another name. */
async function leaderOf(trial: Trial, cluster: FaultCluster, not: string): Promise<string> {
  const deadline = performance.now() + 60_000;
  for (;;) {
    const leader = await cluster.leader();
    if (leader !== '' && leader !== not) return leader;
    if (performance.now() > deadline) throw new Error(`there was no leader${not && ` but ${not}`} within a minute`);
    await sleep(50, trial.signal);
  }
}
