import { sleep } from '../../shared/time.ts';
import { startTrialEtcd } from '../cluster/etcd.ts';
import { FaultCluster } from '../cluster/fault-cluster.ts';
import { sumOf } from '../cluster/metric.ts';
import { FaultedJob } from '../faulted-job.ts';
import type { FaultCase, Trial } from '../trial.ts';

const idleMs = 5000;

export const budget: FaultCase = {
  name: 'budget',
  title:
    'what a job costs the store: at most N/64 + 4 a second of committed transactions, at concurrency 64 and at 1,000',
  short: true,
  async run(trial) {
    const count = trial.full ? 10_000 : 2000;
    const etcd = await startTrialEtcd(trial);
    const replicas = trial.full ? 3 : 2;
    const cluster = await FaultCluster.start(trial, {
      replicas,
      agents: 0,
      etcd: [etcd.endpoint],
      defaultKeepalive: true,
      leaseTerm: '10s',
    });
    const fleet = await cluster.simulate({ count, prefix: 'sim' });
    await quiet(trial, etcd.endpoint);
    const idle = await proposals(etcd.endpoint);
    await sleep(idleMs, trial.signal);
    const idleASecond = ((await proposals(etcd.endpoint)) - idle) / (idleMs / 1000);
    trial.figure('proposals a second at rest', round(idleASecond), '');
    for (const maxConcurrency of [64, 1000]) {
      const before = await proposals(etcd.endpoint);
      const began = performance.now();
      const options = { maxConcurrency, withoutOutput: true };
      const job = await FaultedJob.onSimulated(trial, cluster, fleet, { delayMs: 100 }, options);
      await job.over();
      const seconds = (performance.now() - began) / 1000;
      const cost = (await proposals(etcd.endpoint)) - before - idleASecond * seconds;
      judge(trial, { maxConcurrency, count, seconds, cost, idleASecond });
    }
    cluster.collect();
  },
};

interface Cost {
  readonly maxConcurrency: number;
  readonly count: number;
  readonly seconds: number;
  /** Commits beyond those that the cluster makes at rest. */
  readonly cost: number;
  readonly idleASecond: number;
}

function judge(trial: Trial, { maxConcurrency, count, seconds, cost, idleASecond }: Cost): void {
  const allowed = count / 64 + 4 * seconds;
  const what = `${count} nodes at concurrency ${maxConcurrency}, ${seconds.toFixed(1)} s`;
  trial.figure(`${what}: commits`, round(cost), `of at most ${round(allowed)}`);
  trial.check(
    cost <= allowed,
    `${what}: ${round(cost)} commits beyond the ${round(idleASecond * seconds)} of rest (${round(idleASecond)} a second); ` +
      `${round(allowed)} are allowed: ${round(count / 64)} for ${count} nodes and ${round(4 * seconds)} for ${seconds.toFixed(1)} s`,
  );
}

/** Waits until what the attaching of so many nodes left to be written down is written, and sessions are evenly spread. */
async function quiet(trial: Trial, endpoint: string): Promise<void> {
  let last = 0;
  for (let tries = 0; tries < 60; tries += 1) {
    const before = await proposals(endpoint);
    await sleep(2000, trial.signal);
    last = (await proposals(endpoint)) - before;
    if (last <= 4) return;
  }
  throw new Error(`the store did not come to rest within two minutes: ${round(last / 2)} commits a second at the end`);
}

/** Committed by etcd so far, without the grants of leases. */
async function proposals(endpoint: string): Promise<number> {
  const text = await (await fetch(`http://${endpoint}/metrics`)).text();
  return sumOf(text, 'etcd_server_proposals_committed_total') - sumOf(text, 'etcd_debugging_lease_granted_total');
}

const round = (value: number): number => Math.round(value * 10) / 10;
