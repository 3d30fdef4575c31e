import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Random } from '../test/crash/random.ts';
import type { History } from './history/history.ts';

/** One case of the fault suite: its name for `--case`, and what it does. */
export interface FaultCase {
  readonly name: string;
  /** A sentence of what must hold. */
  readonly title: string;
  /** Part of the short set, which runs with `npm test`. */
  readonly short: boolean;
  /** It holds something against a limit of time: nothing runs beside it. */
  readonly alone?: true;
  /** Throws where the case itself could not be carried out, or where what it alone can tell is wrong. */
  run(trial: Trial): Promise<void>;
}

export interface TrialOptions {
  readonly seed: number;
  readonly full: boolean;
  readonly random: Random;
  readonly history: History;
  readonly root: string;
  readonly soakMs: number;
  readonly signal: AbortSignal;
  readonly say: (text: string) => void;
}

/** One case with one seed: where it is, what it draws from, where it writes down what happens, what to do at its end. */
export class Trial {
  readonly seed: number;
  /** The sizes of the acceptance, rather than those of the short set. */
  readonly full: boolean;
  /** How long the mix of faults goes on; for `random` only. */
  readonly soakMs: number;
  readonly random: Random;
  readonly history: History;
  /** Aborts when the run is interrupted. */
  readonly signal: AbortSignal;
  readonly say: (text: string) => void;
  readonly #root: string;
  readonly #cleanups: (() => Promise<void> | void)[] = [];
  readonly #failures: string[] = [];
  #skipped: string | undefined;

  constructor(options: TrialOptions) {
    this.seed = options.seed;
    this.full = options.full;
    this.random = options.random;
    this.history = options.history;
    this.signal = options.signal;
    this.soakMs = options.soakMs;
    this.say = options.say;
    this.#root = options.root;
  }

  /** A folder of the trial, removed with the rest. */
  folder(name: string): string {
    const path = join(this.#root, name);
    mkdirSync(path, { recursive: true });
    return path;
  }

  /** Called, last first, when the trial is over, however it ends. */
  after(action: () => Promise<void> | void): void {
    this.#cleanups.push(action);
  }

  /** A fault is injected; `window` names the moment of the job into which it falls. */
  fault(kind: string, target: string, window: string): void {
    this.history.add({ type: 'fault', kind, target, window });
    this.say(`${kind} ${target} (${window})`);
  }

  figure(name: string, value: number, unit: string): void {
    this.history.add({ type: 'figure', name, value, unit });
  }

  note(text: string): void {
    this.history.add({ type: 'note', text });
  }

  /** A check of the case's own has failed; the trial goes on. */
  wrong(text: string): void {
    this.#failures.push(text);
    this.history.add({ type: 'note', text: `wrong: ${text}` });
  }

  /** The case can't be carried out here; what it promises is neither shown nor refuted. */
  skip(reason: string): void {
    this.#skipped = reason;
    this.history.add({ type: 'note', text: `skipped: ${reason}` });
  }

  /** Why it could not be carried out here; undefined where it was. */
  get skipped(): string | undefined {
    return this.#skipped;
  }

  /** Fails where `condition` does not hold. */
  check(condition: boolean, text: string): void {
    if (!condition) this.wrong(text);
  }

  get failures(): readonly string[] {
    return this.#failures;
  }

  async end(): Promise<void> {
    for (const cleanup of this.#cleanups.splice(0).reverse()) {
      try {
        await cleanup();
      } catch (error) {
        this.wrong(`cleaning up: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
  }
}
