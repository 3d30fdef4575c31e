import { BenchReplica } from '../harness/bench-replica.ts';
import { atMost, atMostTimesRaw } from '../harness/line.ts';
import { simulatedNote } from '../harness/notes.ts';
import { repeatPairs } from '../harness/repeat.ts';
import type { Row } from '../harness/row.ts';
import { runOnAll } from '../harness/run-on-all.ts';
import { BareFleet, submitBytes } from '../raw/bare-fleet.ts';

interface Exchange {
  readonly ms: number;
  readonly blockedMs: number;
}

/** One order to every session and a result from each, job records included: from submit until the job is closed. */
export const ordersRow: Row = {
  name: 'orders',
  title: 'one order to every session, a result from each',
  async run(bench) {
    const { nodes } = bench;
    const replica = await BenchReplica.start(bench);
    await replica.simulate(nodes, 'sim');
    const planned = await replica.planFleet('sim');
    const bare = await BareFleet.start(bench);
    await bare.attach(nodes);
    const submit = submitBytes(nodes);
    const pairs = await repeatPairs<Exchange>(bench, {
      async raw() {
        const { result, blockedMs } = await bare.relay.loopBlockedMs(() => bare.order(submit));
        return { ms: result, blockedMs };
      },
      async muster() {
        const rollout = { maxConcurrency: { count: nodes } };
        const order = replica.freeze({ command: { argv: ['true'] }, selector: 'fleet=sim', rollout }, planned);
        const { result, blockedMs } = await replica.process.loopBlockedMs(() => runOnAll(replica, order));
        return { ms: result, blockedMs };
      },
    });
    const note =
      `From submit until the job is closed, all results in the embedded store; max_concurrency = ${nodes}. Raw: the same frames ` +
      `over ${nodes} bare grpc-js streams through a bare relay, nothing kept. ${simulatedNote}`;
    return [
      {
        what: `one order to ${nodes.toLocaleString('en-US')} sessions, a result from each`,
        ...{ unit: 'ms', note, budget: atMostTimesRaw(1.8) },
        raw: pairs.map(({ raw }) => raw.ms),
        muster: pairs.map(({ muster }) => muster.ms),
      },
      {
        what: 'loop of the server blocked at most, meanwhile',
        ...{ unit: 'ms', budget: atMost(50, 'ms') },
        raw: pairs.map(({ raw }) => raw.blockedMs),
        muster: pairs.map(({ muster }) => muster.blockedMs),
      },
    ];
  },
};
