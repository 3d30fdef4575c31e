import { startBenchEtcd } from '../harness/bench-etcd.ts';
import { BenchReplica } from '../harness/bench-replica.ts';
import { countCommits } from '../harness/count-commits.ts';
import { atMost, type MeasuredLine } from '../harness/line.ts';
import { simulatedNote } from '../harness/notes.ts';
import { repeatPairs } from '../harness/repeat.ts';
import type { Bench, Row } from '../harness/row.ts';
import { runOnAll } from '../harness/run-on-all.ts';
import { median } from '../harness/stats.ts';
import type { InFlight } from '../raw/in-flight.ts';

type Driver = 'embedded' | 'etcd';

const batches = { transactions: 100, putsEach: 100, concurrency: 16 };
const singles = { transactions: 2000, putsEach: 1, concurrency: 64 };
const valueBytes = 512;

/** What a job costs the store, in committed transactions, and what the store takes. */
export const storeRow: Row = {
  name: 'store',
  title: 'store writes for a job, and what each driver takes',
  async run(bench) {
    const embedded = `embedded:${bench.folder('jobs')}`;
    const lines = [await commitsOfJobs(bench, 'embedded', embedded)];
    const etcd = await startBenchEtcd(bench);
    if (etcd !== undefined) lines.push(await commitsOfJobs(bench, 'etcd', `etcd://${etcd}/jobs`));
    lines.push(...(await puts(bench, 'embedded', `embedded:${bench.folder('puts')}`)));
    if (etcd !== undefined) lines.push(...(await puts(bench, 'etcd', `etcd://${etcd}/puts`, etcd)));
    return lines;
  },
};

async function commitsOfJobs(bench: Bench, driver: Driver, store: string): Promise<MeasuredLine> {
  const { nodes, repetitions } = bench;
  const replica = await BenchReplica.start(bench, { store });
  const { agents } = await replica.simulate(nodes, 'sim');
  const planned = await replica.planFleet('sim');
  const ids: string[] = [];
  const seconds: number[] = [];
  for (let repetition = 1; repetition <= repetitions; repetition += 1) {
    const rollout = { maxConcurrency: { count: nodes } };
    const order = replica.freeze({ command: { argv: ['true'] }, selector: 'fleet=sim', rollout }, planned);
    ids.push(order.id);
    seconds.push((await runOnAll(replica, order)) / 1000);
  }
  await agents.stop();
  await replica.process.stop();
  const commits = await countCommits(store, ids);
  bench.say(`${driver}: ${commits.join(', ')} transactions in ${seconds.map((each) => each.toFixed(2)).join(', ')} s`);
  const allowed = nodes / 64 + 4 * median(seconds);
  return {
    what: `transactions for a job of ${nodes.toLocaleString('en-US')} nodes, ${driver} store`,
    unit: 'commits',
    muster: commits,
    budget: { ...atMost(allowed, ''), text: `≤ N/64 + 4/s = ${allowed.toFixed(1)}` },
    note:
      'Transactions that wrote any key of the job, counted in the store’s own history; the first ones of a job (targets, order, ' +
      `offers) and its closing included. ${simulatedNote}`,
  };
}

async function puts(bench: Bench, driver: Driver, store: string, etcd?: string): Promise<MeasuredLine[]> {
  const bare = await bench.startRaw('platform-main.ts');
  if (etcd === undefined) await bare.ask('open-sqlite', bench.folder('sqlite'));
  else await bare.ask('open-etcd', etcd);
  const muster = await bench.startRaw('../programs/store-main.ts');
  await muster.ask('open', store);
  const lines: MeasuredLine[] = [];
  for (const load of [batches, singles]) {
    const { transactions, putsEach, concurrency } = load;
    const perSecond = ({ elapsedMs }: InFlight): number => ((transactions * putsEach) / elapsedMs) * 1000;
    const pairs = await repeatPairs<number>(bench, {
      raw: async () => perSecond(await bare.ask<InFlight>('puts', { ...load, driver })),
      muster: async () => perSecond(await muster.ask<InFlight>('puts', load)),
    });
    lines.push({
      what: `puts ${putsEach === 1 ? 'singly' : `in transactions of ${putsEach}`}, ${driver} store`,
      unit: '1/s',
      raw: pairs.map((pair) => pair.raw),
      muster: pairs.map((pair) => pair.muster),
      note:
        `${valueBytes} bytes each, ${concurrency} transactions in flight, durable. Raw: ` +
        (driver === 'etcd' ? 'bare etcd3.' : 'bare node:sqlite, a commit each; Muster’s store commits in groups.'),
    });
  }
  return lines;
}
