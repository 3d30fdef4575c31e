import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Answer } from './asks.ts';

const projectDir = join(import.meta.dirname, '../..');
const probe = join(import.meta.dirname, 'probe.ts');
const askCapMs = 120_000;
const stopCapMs = 20_000;

export interface BenchProcessOptions {
  /** Path of the program below the project's folder. */
  readonly program: string;
  readonly args?: readonly string[];
  /** Where its stdout and stderr go: this path with `.out` and `.err`. */
  readonly logs: string;
  /** Flags of Node, for example `--cpu-prof`. */
  readonly nodeFlags?: readonly string[];
  /** As anybody would start it: without the probe, so that nothing can be asked of it. */
  readonly plain?: boolean;
}

/** A Node process started for a measurement, with the probe in it. Stop it. */
export class BenchProcess {
  readonly #child: ChildProcess;
  readonly #logs: string;
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #lastId = 0;

  static async start(options: BenchProcessOptions): Promise<BenchProcess> {
    const { program, args = [], logs, nodeFlags = [], plain = false } = options;
    const flags = plain ? nodeFlags : [...nodeFlags, '--expose-gc', '--import', probe];
    const files = [openSync(`${logs}.out`, 'w'), openSync(`${logs}.err`, 'w')];
    const child = spawn(process.execPath, [...flags, join(projectDir, program), ...args], {
      stdio: ['ignore', files[0], files[1], ...(plain ? [] : ['ipc' as const])],
      cwd: projectDir,
      serialization: 'advanced',
    });
    for (const file of files) if (file !== undefined) closeSync(file);
    await once(child, 'spawn');
    return new BenchProcess(child, logs);
  }

  private constructor(child: ChildProcess, logs: string) {
    this.#child = child;
    this.#logs = logs;
    child.on('message', (answer: Answer) => {
      this.#waiting.get(answer.id)?.(answer);
      this.#waiting.delete(answer.id);
    });
    child.on('exit', () => {
      for (const [id, resolve] of this.#waiting) resolve({ id, error: `the process ended: ${this.said()}` });
      this.#waiting.clear();
    });
  }

  get pid(): number {
    return this.#child.pid as number;
  }

  /** Its last words, for errors. */
  said(): string {
    return ['out', 'err'].map((end) => readFileSync(`${this.#logs}.${end}`, 'utf8').slice(-2000)).join('');
  }

  /** Asks a handler in the process. Rejects where it throws, ends or stays silent for too long. */
  async ask<Result>(name: string, args: unknown = {}): Promise<Result> {
    this.#lastId += 1;
    const id = this.#lastId;
    const { promise, resolve } = Promise.withResolvers<Answer>();
    this.#waiting.set(id, resolve);
    if (!this.#child.connected) resolve({ id, error: `can't be asked: ${this.said()}` });
    else this.#child.send({ id, ask: name, args }, (error) => error && resolve({ id, error: error.message }));
    const timer = setTimeout(() => resolve({ id, error: `no answer to ${name} in ${askCapMs} ms` }), askCapMs);
    const answer = await promise;
    clearTimeout(timer);
    if (answer.error !== undefined) throw new Error(`${name}: ${answer.error}`);
    return answer.answer as Result;
  }

  /** Waits until what it wrote to stdout and stderr matches; the match. */
  async says(pattern: RegExp, capMs = 60_000): Promise<RegExpExecArray> {
    const deadline = performance.now() + capMs;
    for (;;) {
      for (const end of ['out', 'err']) {
        const match = pattern.exec(readFileSync(`${this.#logs}.${end}`, 'utf8'));
        if (match) return match;
      }
      if (this.#child.exitCode !== null)
        throw new Error(`the process ended with ${this.#child.exitCode}: ${this.said()}`);
      if (performance.now() > deadline) throw new Error(`did not say ${pattern} in ${capMs} ms: ${this.said()}`);
      await sleep(10);
    }
  }

  /** Does nothing in one that was started plain. */
  async collectGarbage(): Promise<void> {
    if (this.#child.connected) await this.ask('probe.gc');
  }

  /** The longest the event loop was blocked while `action` ran, in ms. */
  async loopBlockedMs<Result>(action: () => Promise<Result>): Promise<{ result: Result; blockedMs: number }> {
    await this.ask('probe.loop-begin');
    const result = await action();
    return { result, blockedMs: await this.ask<number>('probe.loop-end') };
  }

  /** SIGTERM, and SIGKILL where that does not do; resolves when it has ended. */
  async stop(): Promise<void> {
    const child = this.#child;
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), stopCapMs);
    await exited;
    clearTimeout(timer);
  }
}
