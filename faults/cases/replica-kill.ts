import { startTrialEtcd } from '../cluster/etcd.ts';
import { FaultCluster } from '../cluster/fault-cluster.ts';
import { FaultedJob } from '../faulted-job.ts';
import type { FaultCase } from '../trial.ts';

export const replicaKill: FaultCase = {
  name: 'replica-kill',
  title:
    'the replica that holds the agents is killed in mid-command: all finish, no byte is lost, nothing starts twice',
  short: true,
  async run(trial) {
    const etcd = await startTrialEtcd(trial);
    const cluster = await FaultCluster.start(trial, { replicas: 1, agents: 3, etcd: [etcd.endpoint] });
    const fleet = await cluster.simulate({ count: 100, prefix: 'sim' });
    const real = await FaultedJob.onReal(
      trial,
      cluster,
      { lines: 600, linesAStep: 20, pauseMs: 100, exitCode: 7 },
      { followers: 2 },
    );
    const simulated = await FaultedJob.onSimulated(
      trial,
      cluster,
      fleet,
      { delayMs: 4000, outputBytes: 100_000, everyMs: 100 },
      { followers: 2 },
    );
    await real.reached(3, real.count);
    await simulated.reached(3, simulated.count);
    await cluster.kill(0, simulated.window);
    cluster.begin(0);
    await Promise.all([real.over(), simulated.over()]);
    cluster.collect();
  },
};
