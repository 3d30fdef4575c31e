import { type EtcdServer, startEtcd } from '../../test/harness/etcd.ts';
import type { Trial } from '../trial.ts';

/** An etcd member of the trial's own, stopped with it. */
export async function startTrialEtcd(trial: Trial, name = 'etcd'): Promise<EtcdServer> {
  const etcd = await startEtcd({ dataDir: trial.folder(name) });
  trial.after(() => etcd.stop());
  return etcd;
}
