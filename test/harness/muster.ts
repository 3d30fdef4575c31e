import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';

const main = join(import.meta.dirname, '../../cli/main.ts');

export interface MusterRun {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly stdoutBytes: Buffer;
}

export interface MusterOptions {
  readonly server?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly stdin?: Buffer;
}

/** The command line as a process of its own, its output kept as it comes. */
export class MusterProcess {
  readonly child: ChildProcess;
  readonly ended: Promise<MusterRun>;
  readonly #chunks: Record<'stdout' | 'stderr', Buffer[]> = { stdout: [], stderr: [] };
  #waiters: (() => void)[] = [];
  #over = false;

  constructor(args: readonly string[], options: MusterOptions = {}) {
    const { PATH = '', HOME = '/', TMPDIR } = process.env;
    const child = spawn(process.execPath, [main, ...args], {
      cwd: options.cwd,
      env: { PATH, HOME, ...(TMPDIR && { TMPDIR }), MUSTER_SERVER: options.server ?? '', ...options.env },
    });
    this.child = child;
    child.stdin.on('error', () => {});
    child.stdin.end(options.stdin);
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].on('data', (chunk: Buffer) => {
        this.#chunks[name].push(chunk);
        this.#wake();
      });
    }
    this.ended = new Promise((resolve) => {
      child.on('close', (status, signal) => {
        this.#over = true;
        this.#wake();
        const stdoutBytes = Buffer.concat(this.#chunks.stdout);
        resolve({ status, signal, stdout: this.text('stdout'), stderr: this.text('stderr'), stdoutBytes });
      });
    });
  }

  text(name: 'stdout' | 'stderr'): string {
    return Buffer.concat(this.#chunks[name]).toString('utf8');
  }

  /** Resolves once the stream has this text; rejects when the process ends without it. */
  async until(name: 'stdout' | 'stderr', text: string): Promise<void> {
    while (!this.text(name).includes(text)) {
      if (this.#over) throw new Error(`ended without ${JSON.stringify(text)} on ${name}: ${this.text(name)}`);
      await new Promise<void>((resolve) => this.#waiters.push(resolve));
    }
  }

  kill(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  #wake(): void {
    for (const wake of this.#waiters.splice(0)) wake();
  }
}

/** Runs the command line to its end. */
export const muster = (args: readonly string[], options: MusterOptions = {}): Promise<MusterRun> =>
  new MusterProcess(args, options).ended;
