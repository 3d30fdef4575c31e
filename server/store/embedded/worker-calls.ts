import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { MusterError } from '../../../shared/errors.ts';
import type { Clock, Timer } from '../../../shared/time.ts';
import type { Change, Question, Report, Request } from './protocol.ts';
import type { StoreWorkerData } from './store-worker.ts';

interface Pending {
  readonly sentMs: number;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

export interface WorkerCallsOptions {
  readonly data: StoreWorkerData;
  readonly clock: Clock;
  readonly deadlineMs: number;
  /** The changes of each group, before its answers. */
  readonly onChanges: (changes: readonly Change[]) => void;
  /** Called once when the worker has ended without being asked to. */
  readonly onCrash: (error: Error) => void;
}

/**
 * Questions to the worker and their answers. Whatever is asked within one turn travels as one message, and is one group
 * there. A question that is not answered within the deadline rejects with STORE_UNAVAILABLE.
 */
export class WorkerCalls {
  readonly #options: WorkerCallsOptions;
  readonly #worker: Worker;
  readonly #exited: Promise<void>;
  /** In the order of asking, so the first is the oldest. */
  readonly #pending = new Map<number, Pending>();
  #outbox: Question[] = [];
  #lastId = 0;
  #sweep: Timer | undefined;
  #over: string | undefined;

  private constructor(options: WorkerCallsOptions, worker: Worker, exited: Promise<void>) {
    this.#options = options;
    this.#worker = worker;
    this.#exited = exited;
    worker.on('message', (report: Report) => this.#receive(report));
    worker.on('error', (error: Error) => this.#crashed(error));
    worker.on('exit', (code) =>
      this.#crashed(new Error(`the worker of the embedded store has ended with code ${code}`)),
    );
  }

  /** Opens the database in a worker of its own. Rejects with STORE_UNAVAILABLE where it can't be opened. */
  static async start(options: WorkerCallsOptions): Promise<{ calls: WorkerCalls; revision: number; voided: number }> {
    const worker = new Worker(join(import.meta.dirname, 'store-worker.ts'), { workerData: options.data });
    // A worker that ends at once may say its last words and exit within one turn.
    const exited = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
    const first = await new Promise<Report>((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
    });
    if (first.kind !== 'ready') {
      const text = first.kind === 'failed' ? first.error : 'the worker of the embedded store spoke out of turn';
      await exited;
      throw new MusterError('STORE_UNAVAILABLE', text);
    }
    return { calls: new WorkerCalls(options, worker, exited), revision: first.revision, voided: first.voided };
  }

  ask<Value>(request: Request): Promise<Value> {
    if (this.#over !== undefined) return Promise.reject(new MusterError('STORE_UNAVAILABLE', this.#over));
    return new Promise<unknown>((resolve, reject) => {
      this.#lastId++;
      this.#pending.set(this.#lastId, { sentMs: this.#options.clock.monotonic(), resolve, reject });
      if (this.#outbox.length === 0) queueMicrotask(() => this.#flush());
      this.#outbox.push({ ...request, id: this.#lastId });
      this.#sweep ??= this.#options.clock.after(this.#options.deadlineMs, () => this.#sweepOverdue());
    }) as Promise<Value>;
  }

  /** Lets the worker finish what it was asked, close the database and end. */
  async close(): Promise<void> {
    if (this.#over === undefined) {
      const closing = this.ask({ kind: 'close' });
      this.#over = 'the store is closed';
      await closing.catch(() => this.#worker.terminate());
    }
    await this.#exited;
    this.#sweep?.cancel();
  }

  #flush(): void {
    const questions = this.#outbox;
    this.#outbox = [];
    this.#worker.postMessage(questions);
  }

  #receive(report: Report): void {
    if (report.kind !== 'answers') return;
    if (report.changes.length > 0) this.#options.onChanges(report.changes);
    for (const { id, value, error } of report.answers) {
      const pending = this.#pending.get(id);
      this.#pending.delete(id);
      if (error === undefined) pending?.resolve(value);
      else pending?.reject(new MusterError('STORE_UNAVAILABLE', `the embedded store failed: ${error}`));
    }
  }

  #sweepOverdue(): void {
    const { clock, deadlineMs } = this.#options;
    this.#sweep = undefined;
    for (const [id, { sentMs, reject }] of this.#pending) {
      const leftMs = sentMs + deadlineMs - clock.monotonic();
      if (leftMs > 0) {
        this.#sweep = clock.after(leftMs, () => this.#sweepOverdue());
        return;
      }
      this.#pending.delete(id);
      reject(new MusterError('STORE_UNAVAILABLE', `the embedded store did not answer within ${deadlineMs} ms`));
    }
  }

  #crashed(error: Error): void {
    const asked = this.#over !== undefined;
    this.#over ??= error.message;
    for (const { reject } of this.#pending.values()) {
      reject(new MusterError('STORE_UNAVAILABLE', this.#over, { cause: error }));
    }
    this.#pending.clear();
    if (!asked) this.#options.onCrash(error);
  }
}
