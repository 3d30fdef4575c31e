import { setTimeout as sleep } from 'node:timers/promises';
import { BenchReplica } from '../harness/bench-replica.ts';
import { atMost, atMostTimesRaw } from '../harness/line.ts';
import { simulatedNote } from '../harness/notes.ts';
import { cpuMs, residentBytes } from '../harness/process-cost.ts';
import type { Bench, Row } from '../harness/row.ts';
import { median } from '../harness/stats.ts';
import { BareFleet } from '../raw/bare-fleet.ts';

/** Pings go out every 20 s: each window has one of every session. */
const windowMs = 20_000;
const settleMs = 5_000;

/** What nothing to do costs: a replica with its sessions, an agent with its session; all watched in the same windows. */
export const restRow: Row = {
  name: 'rest',
  title: 'a replica with idle sessions, and an agent, at rest',
  async run(bench) {
    const { nodes } = bench;
    const replica = await BenchReplica.start(bench);
    await replica.simulate(nodes, 'sim');
    const bare = await BareFleet.start(bench);
    await bare.attach(nodes);
    const agentReplica = await BenchReplica.start(bench);
    const agent = await agentReplica.startAgent('resting');
    const agentRelay = await BareFleet.start(bench);
    const client = await agentRelay.attachBareClient();
    const watched = {
      replica: replica.process.pid,
      relay: bare.relay.pid,
      agent: agent.pid,
      client: client.pid,
      lone: agentReplica.process.pid,
    };
    const windows = await watchWindows(bench, watched);
    const share = (who: Watched) => windows.map((window) => window[who].cpuPercent);
    const memory = (who: Watched) => windows.map((window) => window[who].mib);
    const lone = share('lone');
    const at10k = share('replica').map(
      (percent, at) => (lone[at] ?? 0) + ((percent - (lone[at] ?? 0)) * 10_000) / nodes,
    );
    return [
      {
        what: `replica at rest with ${nodes.toLocaleString('en-US')} sessions`,
        ...{ unit: '% of a core', raw: share('relay'), muster: share('replica') },
        note:
          `CPU time of the process in windows of ${windowMs / 1000} s, HTTP/2 keepalive each 15 s from agents and 20 s from the replica, Muster’s heartbeats each 60 s. ` +
          `Raw: a bare grpc-js server with as many open streams. ${simulatedNote}`,
      },
      {
        what: 'the same with 10,000',
        ...{ unit: '% of a core', muster: at10k, budget: atMost(4, '%') },
        note: `Worked out from ${nodes} sessions and from a replica with one, which had ${median(lone).toFixed(2)} %.`,
      },
      {
        what: 'agent at rest, resident memory',
        ...{ unit: 'MiB', raw: memory('client'), muster: memory('agent'), budget: atMostTimesRaw(1.2) },
        note: 'The real agent with one session. Raw: a bare grpc-js client process with one open stream. Warm shells are not in it.',
      },
      {
        what: 'agent at rest, CPU',
        ...{ unit: '% of a core', raw: share('client'), muster: share('agent'), budget: atMost(0.1, '%') },
      },
    ];
  },
};

/** `lone` is a replica with one session. */
type Watched = 'replica' | 'relay' | 'agent' | 'client' | 'lone';

interface Cost {
  readonly cpuPercent: number;
  readonly mib: number;
}

async function watchWindows(bench: Bench, pids: Record<Watched, number>): Promise<Record<Watched, Cost>[]> {
  const windows: Record<Watched, Cost>[] = [];
  await sleep(settleMs);
  for (let repetition = 1; repetition <= bench.repetitions; repetition += 1) {
    const names = Object.keys(pids) as Watched[];
    const before = names.map((name) => cpuMs(pids[name]));
    const begin = performance.now();
    await sleep(windowMs);
    const elapsedMs = performance.now() - begin;
    const costs = names.map((name, at): [Watched, Cost] => {
      const cpuPercent = ((cpuMs(pids[name]) - (before[at] ?? 0)) / elapsedMs) * 100;
      return [name, { cpuPercent, mib: residentBytes(pids[name]) / 2 ** 20 }];
    });
    windows.push(Object.fromEntries(costs) as Record<Watched, Cost>);
    bench.say(`${repetition}/${bench.repetitions} ${JSON.stringify(windows.at(-1))}`);
  }
  return windows;
}
