import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from './agent-connection.ts';

const root = join(import.meta.dirname, '../..');

/** A program of the project as a process of its own that a test kills and starts again, on the same arguments. */
export class Program {
  readonly #argv: readonly string[];
  readonly #logPath: string;
  #child: ChildProcess | undefined;
  #gone: Promise<void> = Promise.resolve();

  /** `argv` begins with the program's file, from the project's root. Its log goes to `logPath`. */
  constructor(options: { argv: readonly string[]; logPath: string }) {
    this.#argv = options.argv;
    this.#logPath = options.logPath;
    process.on('exit', () => this.#child?.kill('SIGKILL'));
  }

  start(env: Record<string, string> = {}): void {
    const [file = '', ...args] = this.#argv;
    const log = openSync(this.#logPath, 'a');
    const child = spawn(process.execPath, [join(root, file), ...args], {
      stdio: ['ignore', 'ignore', log],
      env: { ...process.env, ...env },
    });
    closeSync(log);
    this.#child = child;
    this.#gone = new Promise((resolve) => void child.once('exit', () => resolve()));
  }

  /** Sends the signal and waits until the process is gone. */
  async end(signal: NodeJS.Signals): Promise<void> {
    this.#child?.kill(signal);
    await this.#gone;
  }

  get pid(): number {
    if (this.#child?.pid === undefined) throw new Error(`${this.#argv[0]} does not run`);
    return this.#child.pid;
  }

  /** Memory resident now, in bytes. */
  get residentBytes(): number {
    const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${this.pid}/status`, 'utf8'))?.[1];
    return Number(kib) * 1024;
  }

  get log(): string {
    return readFileSync(this.#logPath, 'utf8');
  }

  async logged(text: string): Promise<void> {
    await eventually(() => this.log.includes(text), `${text} in ${this.#logPath}`);
  }
}
