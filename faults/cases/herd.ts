import { sleep } from '../../shared/time.ts';
import { startTrialEtcd } from '../cluster/etcd.ts';
import { FaultCluster } from '../cluster/fault-cluster.ts';
import type { SimulatedFleet } from '../cluster/simulated-fleet.ts';
import { FaultedJob } from '../faulted-job.ts';
import { percentile } from '../percentile.ts';
import type { FaultCase, Trial } from '../trial.ts';

export const herd: FaultCase = {
  name: 'herd',
  title: 'thousands of agents return at once: other nodes are still dispatched to, the event loop is not blocked',
  short: false,
  async run(trial) {
    const count = trial.full ? 5000 : 500;
    const etcd = await startTrialEtcd(trial);
    const cluster = await FaultCluster.start(trial, {
      replicas: 2,
      begin: 1,
      agents: 0,
      etcd: [etcd.endpoint],
      defaultKeepalive: true,
    });
    const crowd = await cluster.simulate({ count, prefix: 'crowd' });
    cluster.begin(1);
    await cluster.ready(1);
    const quiet = await cluster.simulate({ count: 20, prefix: 'quiet', servers: [cluster.addresses[1] ?? ''] });
    const before = await dispatches(trial, cluster, quiet, () => true);
    // Some may have been sent to the other replica meanwhile, which evens out sessions.
    const held = await cluster.nodesOn('r0', 'fleet=crowd');
    const killedAt = Date.now();
    await cluster.kill(0, 'quiet');
    const during = await dispatches(trial, cluster, quiet, () => back(crowd, killedAt, held) >= held.size);
    trial.figure('agents back when it was measured', back(crowd, killedAt, held), `of ${held.size}`);
    const times = crowd.events().flatMap(({ event, at }) => (event === 'live' && at > killedAt ? [at - killedAt] : []));
    if (times.length > 0) trial.figure('the last agent is back after', Math.max(...times), 'ms');
    for (const [what, latencies] of [['quiet', before] as const, ['during the return', during] as const]) {
      trial.figure(`job on 20 other nodes, ${what}, p50`, Math.round(percentile(latencies, 50)), 'ms');
      trial.figure(`job on 20 other nodes, ${what}, p99`, Math.round(percentile(latencies, 99)), 'ms');
    }
    trial.check(
      back(crowd, killedAt, held) >= held.size,
      `${back(crowd, killedAt, held)} of ${held.size} agents came back`,
    );
    cluster.collect();
  },
};

/** Jobs on the quiet nodes one after another, at least 20, until `over` says so; how long each took, in ms. */
async function dispatches(
  trial: Trial,
  cluster: FaultCluster,
  quiet: SimulatedFleet,
  over: () => boolean,
): Promise<number[]> {
  const latencies: number[] = [];
  const lags: number[] = [];
  const deadline = performance.now() + 120_000;
  while (performance.now() < deadline && (latencies.length < 20 || !over())) {
    const began = performance.now();
    const job = await FaultedJob.onSimulated(trial, cluster, quiet, { delayMs: 0 }, { withoutOutput: true });
    await job.over();
    latencies.push(performance.now() - began);
    lags.push(await cluster.metric(1, 'muster_process_event_loop_lag_seconds', { quantile: '1' }));
    await sleep(20, trial.signal);
  }
  trial.figure('event loop of the replica, worst lag', Math.round(Math.max(...lags) * 1000), 'ms');
  return latencies;
}

function back(fleet: SimulatedFleet, since: number, held: ReadonlySet<string>): number {
  const nodes = new Set<string>();
  for (const event of fleet.events())
    if (event.event === 'live' && event.at > since && held.has(event.node)) nodes.add(event.node);
  return nodes.size;
}
