import { bareReconnectMs } from '../cluster/bare-reconnect.ts';
import { startTrialEtcd } from '../cluster/etcd.ts';
import { FaultCluster } from '../cluster/fault-cluster.ts';
import type { SimulatedFleet } from '../cluster/simulated-fleet.ts';
import { FaultedJob } from '../faulted-job.ts';
import type { Follower } from '../follower.ts';
import { percentile } from '../percentile.ts';
import type { FaultCase, Trial } from '../trial.ts';

export const replicaKill: FaultCase = {
  name: 'replica-kill',
  title:
    'the replica that holds all agents is killed in mid-command: all finish, no byte is lost, nothing starts twice',
  short: true,
  async run(trial) {
    const [agents, count] = trial.full ? [5, 1000] : [3, 100];
    const bareMs = await bareReconnectMs(trial, count);
    const etcd = await startTrialEtcd(trial);
    const cluster = await FaultCluster.start(trial, { replicas: 3, begin: 1, agents, etcd: [etcd.endpoint] });
    const fleet = await cluster.simulate({ count, prefix: 'sim' });
    // The others come last, so that the first one holds everybody.
    for (const n of [1, 2]) cluster.begin(n);
    await cluster.serving();
    const runMs = trial.full ? 30_000 : 6_000;
    const work = { lines: runMs / 5, linesAStep: 20, pauseMs: 100, exitCode: 7 };
    const real = await FaultedJob.onReal(trial, cluster, work, { followers: 3 });
    const simulatedWork = { delayMs: runMs, outputBytes: 64_000, everyMs: 100 };
    const simulated = await FaultedJob.onSimulated(trial, cluster, fleet, simulatedWork, { followers: 3 });
    await Promise.all([real.reached(3, agents), simulated.reached(3, count)]);
    const held = heldBy(fleet, 'r0');
    // The leader evens sessions out a lease term after the others came: what was moved by then was not lost with r0.
    const least = trial.full ? 0.9 * count : 1;
    if (held.size < least)
      throw new Error(`r0 holds ${held.size} of ${count} nodes: the others were moved before it was killed`);
    trial.figure('simulated nodes held by the replica that was killed', held.size, `of ${count}`);
    const survivor = simulated.followers[1] as Follower;
    const killedAt = Date.now();
    await cluster.kill(0, simulated.window);
    await Promise.all([real.over(), simulated.over()]);
    cluster.collect();
    report(trial, 'bare grpc-js streams flow again after', bareMs);
    report(trial, 'sessions are live again after', backMs(fleet, held, killedAt));
    report(trial, 'output flows again to a watcher after', outputMs(trial, survivor, killedAt));
  },
};

function report(trial: Trial, what: string, times: readonly number[]): void {
  trial.check(times.length > 0, `${what}: never`);
  if (times.length === 0) return;
  trial.figure(`${what}, p50`, Math.round(percentile(times, 50)), 'ms');
  trial.figure(`${what}, p99`, Math.round(percentile(times, 99)), 'ms');
}

/** By the nodes' own words: what a directory says depends on leases. */
function heldBy(fleet: SimulatedFleet, replica: string): Set<string> {
  const held = new Set<string>();
  for (const event of fleet.events()) {
    if (event.event !== 'live' && event.event !== 'over') continue;
    if (event.event === 'live' && event.replica === replica) held.add(event.node);
    else held.delete(event.node);
  }
  return held;
}

/** By the simulated nodes' own words. */
function backMs(fleet: SimulatedFleet, held: ReadonlySet<string>, killedAt: number): number[] {
  const back = new Map<string, number>();
  for (const event of fleet.events()) {
    if (event.event !== 'live' || event.at <= killedAt || !held.has(event.node) || back.has(event.node)) continue;
    back.set(event.node, event.at - killedAt);
  }
  return [...back.values()];
}

/** The first byte of each execution that reached the watcher after the kill and a pause in which its node's session was gone. */
function outputMs(trial: Trial, follower: Follower, killedAt: number): number[] {
  const first = new Map<string, number>();
  for (const event of trial.history.events) {
    if (event.type !== 'output' || event.follower !== follower.name || event.at <= killedAt + 50) continue;
    if (!first.has(event.execution)) first.set(event.execution, event.at - killedAt);
  }
  return [...first.values()];
}
