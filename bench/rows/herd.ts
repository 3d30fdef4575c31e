import { setTimeout as sleep } from 'node:timers/promises';
import type { PlannedNode__Output } from '../../proto/gen/muster/v1/PlannedNode.ts';
import { TcpProxy } from '../../test/harness/tcp-proxy.ts';
import { startBenchEtcd } from '../harness/bench-etcd.ts';
import { BenchReplica } from '../harness/bench-replica.ts';
import { atMost, type MeasuredLine } from '../harness/line.ts';
import { simulatedNote } from '../harness/notes.ts';
import type { Bench, Row } from '../harness/row.ts';
import { runOnAll } from '../harness/run-on-all.ts';

const otherNodes = 20;
const leastRuns = 50;
const capMs = 120_000;

/** What other nodes notice while thousands of agents come back at once, beside the quiet case. */
export const herdRow: Row = {
  name: 'herd',
  title: 'thousands of agents return at once: dispatch to other nodes, and the event loop',
  async run(bench) {
    const crowd = bench.full ? 5000 : Math.min(bench.nodes, 5000);
    const etcd = await startBenchEtcd(bench);
    const replica = await BenchReplica.start(bench, etcd === undefined ? {} : { store: `etcd://${etcd}/herd` });
    const proxy = await TcpProxy.start(replica.address);
    bench.after(() => proxy.stop());
    await attachThrough(bench, proxy, crowd);
    await replica.simulate(otherNodes, 'other');
    const planned = await replica.planFleet('other');
    const quiet: Phase[] = [];
    const returning: Phase[] = [];
    for (let repetition = 1; repetition <= bench.repetitions; repetition += 1) {
      quiet.push(await measure(replica, planned, async () => true));
      proxy.cut();
      let gone = false;
      const isBack = async (): Promise<boolean> => {
        const sessions = await replica.sessions();
        gone ||= sessions < crowd;
        return gone && sessions >= crowd + otherNodes;
      };
      returning.push(await measure(replica, planned, isBack));
      bench.say(`repetition ${repetition}: all are back after ${Math.round(returning.at(-1)?.tookMs ?? 0)} ms`);
    }
    return lines(crowd, quiet, returning, etcd === undefined ? 'embedded' : 'etcd');
  },
};

interface Phase {
  readonly p99Ms: number;
  readonly blockedMs: number;
  readonly tookMs: number;
}

/** Agents that reach the replica through the proxy, labelled `fleet=crowd`. */
async function attachThrough(bench: Bench, proxy: TcpProxy, count: number): Promise<void> {
  const place = ['--server', proxy.endpoint, '--count', `${count}`];
  const agents = await bench.start({
    program: 'agent/simulated/main.ts',
    args: [...place, '--name-prefix', 'crowd', '--label', 'fleet=crowd'],
  });
  await agents.says(/"attached":\d+/, capMs);
}

/** Jobs on the other nodes, one after another, at least 50, until `over`. */
async function measure(
  replica: BenchReplica,
  planned: readonly PlannedNode__Output[],
  over: () => Promise<boolean>,
): Promise<Phase> {
  const began = performance.now();
  const { result, blockedMs } = await replica.process.loopBlockedMs(async () => {
    const times: number[] = [];
    let overMs: number | undefined;
    const watching = (async () => {
      while (performance.now() - began < capMs && !(await over())) await sleep(200);
      overMs = performance.now() - began;
    })();
    while (overMs === undefined || times.length < leastRuns) {
      times.push(await runOnAll(replica, replica.freeze({ command: { argv: ['true'] } }, planned)));
    }
    await watching;
    return { times, tookMs: overMs };
  });
  if (result.tookMs >= capMs) throw new Error(`not all agents were back after ${capMs} ms`);
  const sorted = result.times.toSorted((left, right) => left - right);
  return { p99Ms: sorted[Math.ceil(sorted.length * 0.99) - 1] ?? 0, blockedMs, tookMs: result.tookMs };
}

function lines(crowd: number, quiet: readonly Phase[], returning: readonly Phase[], driver: string): MeasuredLine[] {
  const count = crowd.toLocaleString('en-US');
  const note = `Raw: the same jobs, the same replica, with nobody returning. ${driver} store; ${simulatedNote}`;
  return [
    {
      what: `a job on ${otherNodes} other nodes while ${count} agents return at once, p99`,
      unit: 'ms',
      raw: quiet.map(({ p99Ms }) => p99Ms),
      muster: returning.map(({ p99Ms }) => p99Ms),
      note,
    },
    {
      what: `longest block of the replica’s event loop while ${count} agents return`,
      ...{ unit: 'ms', budget: atMost(200, 'ms') },
      raw: quiet.map(({ blockedMs }) => blockedMs),
      muster: returning.map(({ blockedMs }) => blockedMs),
      note,
    },
    {
      what: `until all ${count} agents are back`,
      unit: 'ms',
      muster: returning.map(({ tookMs }) => tookMs),
      note: 'All of their connections are cut at once; they dial again with full jitter, and the replica lets them in at its pace.',
    },
  ];
}
