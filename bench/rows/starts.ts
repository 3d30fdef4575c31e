import { BenchReplica } from '../harness/bench-replica.ts';
import { atLeastTimesRaw } from '../harness/line.ts';
import { repeatPairs } from '../harness/repeat.ts';
import type { Row } from '../harness/row.ts';
import { type InFlight, inFlight } from '../raw/in-flight.ts';

const concurrency = 8;
const count = 200;
const fullCount = 2000;

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
    const raw = async () => perSecond(await platform.ask<InFlight>('spawn', { count: total, concurrency }));
    const alone = await repeatPairs<number>(bench, {
      raw,
      muster: async () => perSecond(await engine.ask<InFlight>('run', { count: total, concurrency })),
    });
    const through = await repeatPairs<number>(bench, {
      raw,
      muster: async () =>
        perSecond(
          await inFlight(total, concurrency, async () => {
            const order = replica.freeze({ command: { argv: ['true'] } }, planned);
            await replica.submit(order);
            for await (const { result } of replica.watch(order.id)) if (result?.exitCode === 0) return 0;
            throw new Error('a job closed without an exit status');
          }),
        ),
    });
    const rawNote = `\`true\`, ${total} times a repetition, ${concurrency} at once. Raw: Node’s spawn of \`true\`, ${concurrency} at once.`;
    return [
      {
        what: 'executions started on one node, ×8, by the agent’s engine',
        ...{ unit: '1/s', budget: atLeastTimesRaw(0.35) },
        raw: alone.map((pair) => pair.raw),
        muster: alone.map((pair) => pair.muster),
        note: `${rawNote} The real engine with journal, supervisors and FIFOs, from offer to result, in a process without a session.`,
      },
      {
        what: 'the same through a replica, a job each',
        unit: '1/s',
        raw: through.map((pair) => pair.raw),
        muster: through.map((pair) => pair.muster),
        note: `${rawNote} From submit to the exit status at the client, embedded store; client, replica and agent share the cores.`,
      },
    ];
  },
};
