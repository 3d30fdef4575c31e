import { replicaName } from '../../test/harness/process-cluster.ts';
import { FaultCluster } from '../cluster/fault-cluster.ts';
import { NetworkNamespace } from '../cluster/network-namespace.ts';
import { coordinatorCut, cutSizes } from '../coordinator-cut.ts';
import type { FaultCase } from '../trial.ts';

export const replicaSilence: FaultCase = {
  name: 'replica-silence',
  title: 'packets between a coordinator and etcd vanish without a word (network namespace): as where it is cut off',
  short: false,
  async run(trial) {
    const sizes = cutSizes(trial);
    const { agents, leaseTerm } = sizes;
    const replicas = 3;
    // One more link, over which the trial itself sees that etcd is there.
    const namespace = await NetworkNamespace.open(trial, replicas + 1);
    if (namespace === undefined) return;
    const etcd = await namespace.startEtcd();
    const etcdOf = Array.from({ length: replicas }, (_, n) => etcd(n));
    const cluster = await FaultCluster.start(trial, { replicas, agents, etcd: [etcd(replicas)], etcdOf, leaseTerm });
    await coordinatorCut(trial, cluster, sizes, {
      async cut(n, window) {
        trial.fault('drop-packets-to-etcd', replicaName(n), window);
        await namespace.drop(n);
      },
      async heal(n) {
        trial.note(`packets of ${replicaName(n)} reach etcd again`);
        await namespace.pass(n);
      },
    });
  },
};
