import { sleep } from '../../shared/time.ts';
import { startTrialEtcd } from '../cluster/etcd.ts';
import { FaultCluster } from '../cluster/fault-cluster.ts';
import { FaultedJob } from '../faulted-job.ts';
import type { FaultCase } from '../trial.ts';

export const allReplicasGone: FaultCase = {
  name: 'all-replicas-gone',
  title: 'all replicas are killed and stay away: commands run on to their end, and whoever comes back picks it up',
  short: true,
  async run(trial) {
    const [goneMs, count, agents] = trial.full ? [30_000, 1000, 5] : [3_000, 100, 3];
    const etcd = await startTrialEtcd(trial);
    const cluster = await FaultCluster.start(trial, { replicas: 3, agents, etcd: [etcd.endpoint] });
    const fleet = await cluster.simulate({ count, prefix: 'sim' });
    // Some end while nobody is there, some later.
    const work = { lines: goneMs / 10, linesAStep: 20, pauseMs: 100, exitCode: 9 };
    const real = await FaultedJob.onReal(trial, cluster, work, { followers: 3 });
    const simulatedWork = { delayMs: goneMs / 2, outputBytes: 50_000, everyMs: 100 };
    const options = { maxConcurrency: Math.round(count / 2), followers: 3 };
    const simulated = await FaultedJob.onSimulated(trial, cluster, fleet, simulatedWork, options);
    await Promise.all([real.reached(3, agents), simulated.reached(3, Math.round(count / 4))]);
    await Promise.all(cluster.replicas.map((_, n) => cluster.kill(n, simulated.window)));
    await sleep(goneMs, trial.signal);
    for (const n of cluster.replicas.keys()) cluster.begin(n);
    await Promise.all([real.over(), simulated.over()]);
    cluster.collect();
  },
};
