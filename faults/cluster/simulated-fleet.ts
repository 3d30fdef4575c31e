import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Program } from '../../test/harness/program.ts';
import type { Trial } from '../trial.ts';

export interface SimulatedFleetOptions {
  readonly servers: readonly string[];
  readonly count: number;
  /** Agents are `<prefix>-0`, …, labelled `fleet=<prefix>`. */
  readonly prefix: string;
  readonly flags?: readonly string[];
}

/** Many simulated agents in a process of their own, which write down what happens to them. */
export class SimulatedFleet {
  readonly count: number;
  readonly prefix: string;
  /** Of the output. */
  readonly seed: string;
  readonly program: Program;
  readonly #historyPath: string;

  constructor(trial: Trial, { servers, count, prefix, flags = [] }: SimulatedFleetOptions) {
    this.count = count;
    this.prefix = prefix;
    this.seed = `${trial.seed}`;
    const folder = trial.folder(`fleet-${prefix}`);
    this.#historyPath = join(folder, 'history');
    const own = servers.flatMap((server) => ['--server', server]);
    const fast = ['--reconnect-base', '100ms', '--reconnect-cap', '2s', '--keepalive-interval', '5s'];
    const named = ['--count', `${count}`, '--name-prefix', prefix, '--label', `fleet=${prefix}`];
    const told = ['--seed', this.seed, '--history', this.#historyPath];
    this.program = new Program({
      argv: ['agent/simulated/main.ts', ...own, ...named, ...told, ...fast, ...flags],
      logPath: join(folder, 'log'),
      outPath: join(folder, 'out'),
    });
    trial.after(() => this.program.stop());
  }

  /** Everything that happened on its nodes so far, in order. */
  events(): SimulatedEvent[] {
    if (!existsSync(this.#historyPath)) return [];
    const lines = readFileSync(this.#historyPath, 'utf8').split('\n');
    return lines.slice(0, -1).map((line) => JSON.parse(line) as SimulatedEvent);
  }
}

/** As `agent/simulated/history.ts` writes them. */
export type SimulatedEvent = { readonly at: number } & (
  | { readonly event: 'start' | 'end'; readonly execution: string }
  | { readonly event: 'live'; readonly node: string; readonly replica: string }
  | { readonly event: 'over'; readonly node: string; readonly reason: string }
);
