import { sleep } from '../../shared/time.ts';
import { startEtcdCluster } from '../../test/harness/etcd-cluster.ts';
import { FaultCluster } from '../cluster/fault-cluster.ts';
import { FaultedJob } from '../faulted-job.ts';
import type { FaultCase } from '../trial.ts';

export const etcdMemberKills: FaultCase = {
  name: 'etcd-member-kills',
  title: 'members of a three-member etcd are killed one after another under load: nobody notices',
  short: true,
  async run(trial) {
    const [kills, count, agents] = trial.full ? [20, 1000, 5] : [4, 100, 2];
    const etcd = await startEtcdCluster();
    trial.after(() => etcd.stop());
    const cluster = await FaultCluster.start(trial, { replicas: 3, agents, etcd: etcd.endpoints });
    const fleet = await cluster.simulate({ count, prefix: 'sim' });
    let killed = 0;
    let jobs = 0;
    while (killed < kills) {
      const work = { lines: 400, linesAStep: 20, pauseMs: 100, exitCode: 5 };
      const real = await FaultedJob.onReal(trial, cluster, work, { followers: 2 });
      const options = { maxConcurrency: Math.round(count / 10), followers: 2 };
      const simulated = await FaultedJob.onSimulated(
        trial,
        cluster,
        fleet,
        { delayMs: 300, outputBytes: 2000 },
        options,
      );
      jobs += 1;
      let over = false;
      const ended = Promise.all([real.over(), simulated.over()]).finally(() => (over = true));
      ended.catch(() => {});
      while (!over && killed < kills) {
        const n = trial.random.below(etcd.members.length);
        await sleep(trial.random.below(1000), trial.signal);
        trial.fault('kill-etcd-member', `m${n}`, simulated.window);
        await etcd.members[n]?.kill();
        killed += 1;
        await sleep(trial.random.below(1000), trial.signal);
        await etcd.members[n]?.restart();
      }
      await ended;
    }
    trial.figure('jobs', jobs, '');
    cluster.collect();
  },
};
