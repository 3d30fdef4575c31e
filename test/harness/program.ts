import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from './agent-connection.ts';

const root = join(import.meta.dirname, '../..');

export interface ProgramOptions {
  /** Begins with the program's file, from the project's root. */
  readonly argv: readonly string[];
  /** Where its stderr goes. */
  readonly logPath: string;
  /** Where its stdout goes; nowhere where not given. */
  readonly outPath?: string;
  /** For every start. */
  readonly env?: Readonly<Record<string, string>>;
}

/** A program of the project as a process of its own that a test kills and starts again, on the same arguments. */
export class Program {
  readonly #options: ProgramOptions;
  #child: ChildProcess | undefined;
  #gone: Promise<void> = Promise.resolve();

  constructor(options: ProgramOptions) {
    this.#options = options;
  }

  start(env: Record<string, string> = {}): void {
    const { argv, logPath, outPath } = this.#options;
    const [file = '', ...args] = argv;
    const log = openSync(logPath, 'a');
    const out = outPath === undefined ? 'ignore' : openSync(outPath, 'a');
    const child = spawn(process.execPath, [join(root, file), ...args], {
      stdio: ['ignore', out, log],
      env: { ...process.env, ...this.#options.env, ...env },
    });
    closeSync(log);
    if (typeof out === 'number') closeSync(out);
    const kill = (): void => void child.kill('SIGKILL');
    process.on('exit', kill);
    this.#child = child;
    this.#gone = new Promise((resolve) => {
      child.once('exit', () => {
        process.off('exit', kill);
        resolve();
      });
    });
  }

  /** Sends the signal and waits until the process is gone. */
  async end(signal: NodeJS.Signals): Promise<void> {
    this.#child?.kill(signal);
    await this.#gone;
  }

  /** Ends it however it is: by SIGTERM, and by SIGKILL where that has not done after `graceMs`. */
  async stop(graceMs = 20_000): Promise<void> {
    if (!this.alive) return;
    this.resume();
    const timer = setTimeout(() => this.#child?.kill('SIGKILL'), graceMs);
    await this.end('SIGTERM');
    clearTimeout(timer);
  }

  /** SIGSTOP: its connections stay, and it says nothing on them. */
  pause(): void {
    this.#child?.kill('SIGSTOP');
  }

  /** SIGCONT. */
  resume(): void {
    this.#child?.kill('SIGCONT');
  }

  /** Whether it was started and has not ended. */
  get alive(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  get pid(): number {
    if (this.#child?.pid === undefined) throw new Error(`${this.#options.argv[0]} does not run`);
    return this.#child.pid;
  }

  /** Memory resident now, in bytes. */
  get residentBytes(): number {
    const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${this.pid}/status`, 'utf8'))?.[1];
    return Number(kib) * 1024;
  }

  get log(): string {
    return readFileSync(this.#options.logPath, 'utf8');
  }

  /** What it wrote to stdout. */
  get output(): string {
    return this.#options.outPath === undefined ? '' : readFileSync(this.#options.outPath, 'utf8');
  }

  async logged(text: string): Promise<void> {
    await eventually(() => this.log.includes(text), `${text} in ${this.#options.logPath}`);
  }
}
