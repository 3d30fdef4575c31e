import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { execa } from 'execa';
import { viewProcess } from '../../../agent/sandbox/process-table.ts';
import type { ExecutionResult__Output } from '../../../proto/gen/muster/v1/ExecutionResult.ts';
import type { ExecutionId } from '../../../shared/ids.ts';

const program = join(import.meta.dirname, '../../fixtures/programs/executions-host.ts');
const capMs = 30_000;

export interface HostLine {
  readonly type: string;
  readonly execution?: string;
  readonly pid?: number;
  readonly text?: string;
  /** Of the output: what lies between two gaps, and null for each gap. */
  readonly pieces?: readonly (string | null)[];
  readonly result?: ExecutionResult__Output;
}

/** Executions in a process that a test may stop and kill. */
export class Host {
  readonly lines: HostLine[] = [];
  readonly pid: number;
  readonly #child;
  readonly #listeners = new Set<() => void>();
  readonly #gone: Promise<unknown>;

  constructor(options: { stateDir: string; uid: string; containment?: string; failpoint?: string; bootId?: string }) {
    const { stateDir, uid, containment = 'auto', failpoint = '', bootId = '' } = options;
    const child = execa(process.execPath, [program, stateDir, uid, containment], {
      env: { MUSTER_FAILPOINT: failpoint, TEST_BOOT_ID: bootId },
      stdin: 'pipe',
      stdout: 'pipe',
      stderr: 'inherit',
      buffer: false,
      reject: false,
    });
    this.#child = child;
    this.pid = child.pid ?? 0;
    this.#gone = once(child.nodeChildProcess, 'exit');
    child.stdin.on('error', () => undefined);
    createInterface({ input: child.stdout }).on('line', (line) => {
      this.lines.push(JSON.parse(line) as HostLine);
      for (const listener of this.#listeners) listener();
    });
  }

  say(request: object): void {
    this.#child.stdin.write(`${JSON.stringify(request)}\n`);
  }

  line(type: string, execution?: ExecutionId): Promise<HostLine> {
    return until(
      `${type} of ${execution}`,
      () => this.lines.find((line) => line.type === type && (execution === undefined || line.execution === execution)),
      this.#listeners,
    );
  }

  async kill(): Promise<void> {
    process.kill(this.pid, 'SIGKILL');
    await this.#gone;
  }

  async close(): Promise<void> {
    this.say({ do: 'close' });
    await this.#gone;
  }
}

/** The pid of the process that stopped itself at a fail point, once it has stopped. */
export function stoppedAt(stateDir: string, failpoint: string): Promise<number> {
  const path = join(stateDir, 'failpoints', failpoint);
  return until(`a stop at ${failpoint}`, () => {
    const pid = existsSync(path) ? Number(readFileSync(path, 'utf8').trim()) : 0;
    return pid > 0 && viewProcess(pid)?.state === 'T' ? pid : undefined;
  });
}

export function until<Value>(
  what: string,
  look: () => Value | undefined,
  listeners: Set<() => void> = new Set(),
): Promise<Value> {
  return new Promise((resolve, reject) => {
    const done = (): void => {
      clearInterval(poll);
      clearTimeout(cap);
      listeners.delete(check);
    };
    const check = (): void => {
      const value = look();
      if (value === undefined) return;
      done();
      resolve(value);
    };
    const poll = setInterval(check, 10);
    const cap = setTimeout(() => {
      done();
      reject(new Error(`${what} did not come`));
    }, capMs);
    listeners.add(check);
    check();
  });
}
