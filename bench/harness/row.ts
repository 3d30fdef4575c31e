import type { BenchProcess, BenchProcessOptions } from './bench-process.ts';
import type { MeasuredLine } from './line.ts';

/** One row of the budget: its name for `--only`, and what measures it. */
export interface Row {
  readonly name: string;
  readonly title: string;
  run(bench: Bench): Promise<MeasuredLine[]>;
}

export interface BenchSettings {
  /** Measurements of each figure, at least 5. */
  readonly repetitions: number;
  /** More nodes, more bytes, longer windows. */
  readonly full: boolean;
  /** Simulated nodes where not given by the row. */
  readonly nodes: number;
}

/** What a row gets: the settings, a folder, and processes that are stopped when the row is over, however it ends. */
export interface Bench extends BenchSettings {
  /** A new, empty folder, removed with the rest. */
  folder(name: string): string;
  start(options: Omit<BenchProcessOptions, 'logs'>): Promise<BenchProcess>;
  /** Starts a program below `bench/raw`, and waits until it answers asks. */
  startRaw(file: string): Promise<BenchProcess>;
  /** Called, last first, when the row is over. */
  after(action: () => Promise<void> | void): void;
  /** Tells the person who waits. */
  say(text: string): void;
}
