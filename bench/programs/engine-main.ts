// The real agent's engine without a session: what it takes to run a command for good, journal, supervisor, FIFOs and spool included.
import { Executions } from '../../agent/executions.ts';
import type { ExecutorEvent } from '../../agent/executor.ts';
import { agentSettings } from '../../agent/settings.ts';
import { StateDir } from '../../agent/state-dir.ts';
import { type ExecutionId, newJobId } from '../../shared/ids.ts';
import { createLog } from '../../shared/log.ts';
import { planRoot } from '../../shared/merkle.ts';
import { buildOrder } from '../../shared/order.ts';
import { systemClock } from '../../shared/time.ts';
import { serveAsks } from '../harness/asks.ts';
import { inFlight } from '../raw/in-flight.ts';

class Engine {
  readonly #executions: Executions;
  readonly #uid: string;
  readonly #ends = new Map<ExecutionId, (event: ExecutorEvent) => void>();

  static async open(folder: string): Promise<Engine> {
    const stateDir = new StateDir({ path: folder });
    const settings = agentSettings.parse(['--server', '127.0.0.1:1'], {});
    const log = createLog('engine', 'warn');
    const { path, uid, key } = stateDir;
    return new Engine(await Executions.open({ stateDir: path, uid, key, log, clock: systemClock, settings }), uid);
  }

  private constructor(executions: Executions, uid: string) {
    this.#executions = executions;
    this.#uid = uid;
    executions.subscribe((event) => {
      if (event.type === 'finished') this.#ends.get(event.execution)?.(event);
    });
  }

  /** From the offer to the result; ms. The result is then released, as a replica does. */
  async run(): Promise<number> {
    const id = newJobId();
    const plan = { root: planRoot([this.#uid]), count: 1 };
    const { bytes: order } = buildOrder({ id, command: { argv: ['true'] }, plan, createdUnixMs: Date.now() });
    const execution = `${id}/${this.#uid}/1` as ExecutionId;
    const { promise, resolve } = Promise.withResolvers<ExecutorEvent>();
    this.#ends.set(execution, resolve);
    const begin = performance.now();
    this.#executions.offer({
      execution,
      order,
      signature: Buffer.alloc(0),
      proof: { index: 0, siblings: [] },
      traceparent: '',
    });
    const event = await promise;
    const ms = performance.now() - begin;
    if (event.type !== 'finished' || event.result.exitCode !== 0) throw new Error(`ended as ${JSON.stringify(event)}`);
    this.#ends.delete(execution);
    this.#executions.release([execution]);
    return ms;
  }

  close(): Promise<void> {
    return this.#executions.close();
  }
}

let engine: Engine | undefined;

serveAsks({
  open: async (folder: string) => {
    engine = await Engine.open(folder);
  },
  run: ({ count, concurrency }: { count: number; concurrency: number }) =>
    inFlight(count, concurrency, async () => (await engine?.run()) ?? 0),
});

process.once('SIGTERM', () => void Promise.resolve(engine?.close()).finally(() => process.exit()));
