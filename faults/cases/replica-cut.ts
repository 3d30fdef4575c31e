import { startTrialEtcd } from '../cluster/etcd.ts';
import { FaultCluster } from '../cluster/fault-cluster.ts';
import { coordinatorCut, cutSizes } from '../coordinator-cut.ts';
import type { FaultCase } from '../trial.ts';

export const replicaCut: FaultCase = {
  name: 'replica-cut',
  title: 'a coordinator is cut off from etcd only: it fences itself, another one drives its job, and its agents run on',
  short: true,
  async run(trial) {
    const sizes = cutSizes(trial);
    const { agents, leaseTerm } = sizes;
    const etcd = await startTrialEtcd(trial);
    const cluster = await FaultCluster.start(trial, {
      ...{ replicas: 3, agents, etcd: [etcd.endpoint], leaseTerm, linked: ['store'] },
    });
    await coordinatorCut(trial, cluster, sizes, {
      cut: (n, window) => cluster.links.cut('store', n, window),
      heal: (n) => cluster.links.heal('store', n),
    });
  },
};
