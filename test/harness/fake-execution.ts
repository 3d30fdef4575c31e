import { type ChildProcess, spawn } from 'node:child_process';
import { signalNumber } from '../../cli/render/signal-name.ts';
import type { ExecutionResult } from '../../proto/gen/muster/v1/ExecutionResult.ts';
import type { ExecutionState__Output } from '../../proto/gen/muster/v1/ExecutionState.ts';
import type { ValidOrder } from '../../shared/order.ts';

export interface FakeStream {
  bytes: Buffer;
  ended: boolean;
  /** Bytes that are not to be had any more. */
  gap?: { from: number; until: number; reason: string };
}

/** One real process of the fake control plane, its output kept in memory. */
export class FakeExecution {
  readonly id: string;
  readonly node: { uid: string; name: string };
  readonly streams: Record<'stdout' | 'stderr', FakeStream> = {
    stdout: { bytes: Buffer.alloc(0), ended: false },
    stderr: { bytes: Buffer.alloc(0), ended: false },
  };
  state: ExecutionState__Output = 'EXECUTION_STATE_PENDING';
  result: ExecutionResult | null = null;
  undetermined = false;
  startedUnixMs = 0;
  #child: ChildProcess | undefined;
  #cause: 'cancel' | 'timeout' | undefined;
  readonly #changed: () => void;

  constructor(options: { id: string; node: { uid: string; name: string }; changed: () => void }) {
    this.id = options.id;
    this.node = options.node;
    this.#changed = options.changed;
  }

  get over(): boolean {
    return this.result !== null || this.undetermined;
  }

  start(order: ValidOrder, stdin: Buffer): void {
    const { argv, shell } = order.command;
    const [program = '', ...args] = shell ? ['sh', '-c', argv[0] as string] : argv;
    this.startedUnixMs = Date.now();
    this.state = 'EXECUTION_STATE_RUNNING';
    const env = {
      PATH: process.env.PATH,
      MUSTER_NODE: this.node.name,
      ...Object.fromEntries(Object.entries(order.command.env)),
    };
    const child = spawn(program, args, { detached: true, env });
    this.#child = child;
    child.stdin.on('error', () => {});
    child.stdin.end(stdin);
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].on('data', (data: Buffer) => {
        this.streams[name].bytes = Buffer.concat([this.streams[name].bytes, data]);
        this.#changed();
      });
    }
    const timer =
      order.limits.timeoutMs > 0 ? setTimeout(() => this.#kill('timeout'), order.limits.timeoutMs) : undefined;
    child.on('error', (error) => {
      clearTimeout(timer);
      this.finish({ state: 'EXECUTION_STATE_FAILED', reason: 'spawn', message: error.message });
    });
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      if (this.over) return;
      const failed = code === 0 ? 'EXECUTION_STATE_SUCCEEDED' : 'EXECUTION_STATE_FAILED';
      const state =
        this.#cause === 'timeout'
          ? 'EXECUTION_STATE_TIMED_OUT'
          : this.#cause === 'cancel'
            ? 'EXECUTION_STATE_CANCELLED'
            : failed;
      this.finish({
        state,
        ...(code !== null && { exitCode: code }),
        ...(signal !== null && { signal: signalNumber(signal) ?? 0 }),
        stderrTail: this.streams.stderr.bytes.subarray(-4096),
        ...(this.#cause && {
          receipt: {
            cause: this.#cause,
            signals: [{ signal: 15, afterMs: 0, processes: 1 }],
            timeToExitMs: 5,
            processesLeft: [],
            complete: true,
          },
        }),
      });
    });
    this.#changed();
  }

  /** Ends it with this result, whether it ran or not. */
  finish(result: ExecutionResult): void {
    if (this.over) return;
    const now = Date.now();
    this.result = {
      durationMs: this.startedUnixMs > 0 ? now - this.startedUnixMs : 0,
      startedUnixMs: this.startedUnixMs,
      finishedUnixMs: now,
      stdout: { bytes: this.streams.stdout.bytes.length },
      stderr: { bytes: this.streams.stderr.bytes.length },
      ...result,
    };
    this.state = result.state as ExecutionState__Output;
    this.streams.stdout.ended = true;
    this.streams.stderr.ended = true;
    this.#changed();
  }

  cancel(): void {
    if (this.#child) this.#kill('cancel');
    else this.finish({ state: 'EXECUTION_STATE_SKIPPED' });
  }

  #kill(cause: 'cancel' | 'timeout'): void {
    this.#cause ??= cause;
    if (this.#child?.pid !== undefined && !this.over) {
      try {
        process.kill(-this.#child.pid, 'SIGTERM');
      } catch {
        // It is over by itself.
      }
    }
  }
}
