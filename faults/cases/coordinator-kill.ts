import { startTrialEtcd } from '../cluster/etcd.ts';
import { FaultCluster } from '../cluster/fault-cluster.ts';
import { FaultedJob } from '../faulted-job.ts';
import type { FaultCase, Trial } from '../trial.ts';

export const coordinatorKill: FaultCase = {
  name: 'coordinator-kill',
  title:
    'the coordinator is killed at 37 % of a job: concurrency is never exceeded, and a spent budget starts nothing more',
  short: true,
  async run(trial) {
    const [count, maxConcurrency] = trial.full ? [1000, 64] : [200, 24];
    const etcd = await startTrialEtcd(trial);
    const cluster = await FaultCluster.start(trial, { replicas: 3, agents: 0, etcd: [etcd.endpoint] });
    const fleet = await cluster.simulate({ count, prefix: 'sim' });
    const at = Math.round(count * 0.37);

    const paced = await FaultedJob.onSimulated(
      trial,
      cluster,
      fleet,
      { delayMs: 400, outputBytes: 5000 },
      { maxConcurrency, followers: 3 },
    );
    await paced.reached(4, at);
    const killed = await killCoordinator(trial, cluster, paced);
    await paced.over();
    cluster.begin(killed);
    await cluster.ready(killed);

    // All fail, so that the budget is spent at 37 %; the coordinator goes at half of it.
    // What may have been offered before is not the server's to skip: its agent is told to cancel it, and has never begun.
    const states = ['EXECUTION_STATE_FAILED', 'EXECUTION_STATE_SKIPPED', 'EXECUTION_STATE_CANCELLED'] as const;
    const unstarted = ['EXECUTION_STATE_CANCELLED'] as const;
    const options = { maxConcurrency, maxErrors: at, followers: 3, states, unstarted };
    const budgeted = await FaultedJob.onSimulated(trial, cluster, fleet, { delayMs: 400, exitCode: 3 }, options);
    await budgeted.reached(4, Math.round(at / 2));
    await killCoordinator(trial, cluster, budgeted);
    await budgeted.over();
    const failed = [...budgeted.follower.executions.values()].filter(({ state }) => state === 'EXECUTION_STATE_FAILED');
    trial.check(
      failed.length > at,
      `the budget of ${at} was spent by ${failed.length} failures, so that nothing was tested`,
    );
    trial.figure('failures when the budget had stopped the job', failed.length, `of at most ${at + maxConcurrency}`);
    cluster.collect();
  },
};

async function killCoordinator(trial: Trial, cluster: FaultCluster, job: FaultedJob): Promise<number> {
  const name = await job.coordinator();
  const n = cluster.indexOf(name);
  if (n === -1) throw new Error(`the job has no coordinator (${name})`);
  await cluster.kill(n, job.window);
  const began = performance.now();
  const next = await job.coordinatorOtherThan(name);
  trial.figure(`${next} coordinates instead after`, Math.round(performance.now() - began), 'ms');
  return n;
}
