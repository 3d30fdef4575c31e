import type { PlannedNode__Output } from '../../proto/gen/muster/v1/PlannedNode.ts';
import { BenchReplica } from '../harness/bench-replica.ts';
import { atLeastTimesRaw } from '../harness/line.ts';
import { repeatPairs } from '../harness/repeat.ts';
import type { Row } from '../harness/row.ts';
import { type InFlight, inFlight } from '../raw/in-flight.ts';

const concurrency = 8;
const count = 120;
const fullCount = 2000;

/** A second: by the engine alone, and through a replica. */
interface Figures {
  readonly alone: number;
  readonly through: number;
}

/** Executions of `true` on one node, eight at once: by the agent's engine alone, and through a replica. */
export const startsRow: Row = {
  name: 'starts',
  title: 'executions started per second on one node, eight at once',
  async run(bench) {
    const total = bench.full ? fullCount : count;
    const platform = await bench.startRaw('platform-main.ts');
    const engine = await bench.startRaw('../programs/engine-main.ts');
    await engine.ask('open', bench.folder('engine'));
    const replica = await BenchReplica.start(bench);
    await replica.startAgent('real');
    const planned = await replica.planNode('real');
    const perSecond = ({ elapsedMs }: InFlight): number => (total / elapsedMs) * 1000;
    const pairs = await repeatPairs<Figures>(bench, {
      async raw() {
        const spawned = perSecond(await platform.ask<InFlight>('spawn', { count: total, concurrency }));
        return { alone: spawned, through: spawned };
      },
      muster: async () => ({
        alone: perSecond(await engine.ask<InFlight>('run', { count: total, concurrency })),
        through: perSecond(await inFlight(total, concurrency, () => runTrue(replica, planned))),
      }),
    });
    const rawNote = `\`true\`, ${total} times a repetition, ${concurrency} at once. Raw: Node’s spawn of \`true\`, ${concurrency} at once.`;
    return [
      {
        what: 'executions started on one node, ×8, by the agent’s engine',
        ...{ unit: '1/s', budget: atLeastTimesRaw(0.35) },
        raw: pairs.map(({ raw }) => raw.alone),
        muster: pairs.map(({ muster }) => muster.alone),
        note: `${rawNote} The real engine with journal, supervisors and FIFOs, from offer to result, in a process without a session.`,
      },
      {
        what: 'the same through a replica, a job each',
        unit: '1/s',
        raw: pairs.map(({ raw }) => raw.through),
        muster: pairs.map(({ muster }) => muster.through),
        note: `${rawNote} From submit to the exit status at the client, embedded store; client, replica and agent share the cores.`,
      },
    ];
  },
};

async function runTrue(replica: BenchReplica, planned: readonly PlannedNode__Output[]): Promise<number> {
  const order = replica.freeze({ command: { argv: ['true'] } }, planned);
  await replica.submit(order);
  for await (const { result } of replica.watch(order)) if (result?.exitCode === 0) return 0;
  throw new Error('a job closed without `true` having exited with 0');
}
