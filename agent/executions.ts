import { statfs } from 'node:fs/promises';
import type { ExecutionResult } from '../proto/gen/muster/v1/ExecutionResult.ts';
import type { ExecutionId } from '../shared/ids.ts';
import type { Timer } from '../shared/time.ts';
import { Admission } from './executions/admission.ts';
import type { Execution } from './executions/execution.ts';
import { GoneReader } from './executions/gone-reader.ts';
import { type ExecutionsOptions, openPorts } from './executions/open.ts';
import type { ExecutionPorts } from './executions/ports.ts';
import { recover } from './executions/recover.ts';
import { releasedResult, results } from './executions/results.ts';
import { openSpool } from './executions/run-parts.ts';
import { SpoolShelf } from './executions/spool-shelf.ts';
import { planSweep } from './executions/sweep.ts';
import type { Executor, ExecutorEvent, KnownExecutionView, Offer, OutputReader, StreamName } from './executor.ts';
import type { StateLock } from './journal/lock.ts';

export type { ExecutionsOptions } from './executions/open.ts';
export type { ExecutionsSettings } from './executions/ports.ts';

const sweepMs = 60_000;
const defaultRetentionMs = 7 * 86_400_000;

/**
 * The executions of one agent: the journal's owner, what offers become, and what is told of them. One a state folder. Closing it
 * leaves running commands running; the next one opened there picks them up.
 */
export class Executions implements Executor {
  readonly #ports: ExecutionPorts;
  readonly #lock: StateLock;
  readonly #listeners = new Set<(event: ExecutorEvent) => void>();
  readonly #live = new Map<ExecutionId, Execution>();
  /** Ended and not released. */
  readonly #results = new Map<ExecutionId, ExecutionResult>();
  readonly #shelf: SpoolShelf;
  readonly #admission: Admission;
  #sweeping: Promise<void> = Promise.resolve();
  #sweepTimer: Timer | undefined;
  #closed = false;

  /**
   * Takes the state folder, recovers what it holds and goes on with it. Rejects with CONFLICT where another agent has the folder.
   */
  static async open(options: ExecutionsOptions): Promise<Executions> {
    let emit: (event: ExecutorEvent) => void = () => {};
    const { ports, lock } = await openPorts(options, (event) => emit(event));
    const opened = new Executions(ports, lock);
    emit = (event) => opened.#emit(event);
    await opened.#recover();
    ports.pool.fill();
    opened.#sweepAgain();
    return opened;
  }

  private constructor(ports: ExecutionPorts, lock: StateLock) {
    this.#ports = ports;
    this.#lock = lock;
    this.#shelf = new SpoolShelf({ log: ports.log });
    this.#admission = new Admission({
      ports,
      unreleased: () => this.#results.size + this.#live.size,
      onAccepted: (execution, cancel) => {
        this.#emit({ execution: execution.id, type: 'accepted', atUnixMs: execution.acceptedUnixMs });
        ports.failpoints.pass('accepted');
        this.#follow(execution);
        if (cancel) this.cancel(execution.id, cancel.signal, cancel.graceMs);
      },
      onEnded: (execution, result) => this.#emit({ execution, type: 'finished', result }),
    });
  }

  /** What the agent knows of its host: `containment`, `shell`, … */
  facts(): Record<string, string> {
    return { ...this.#ports.facts };
  }

  get running(): number {
    let running = 0;
    for (const { begun } of this.#live.values()) if (begun) running++;
    return running;
  }

  subscribe(listener: (event: ExecutorEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  known(): readonly KnownExecutionView[] {
    const live = [...this.#live.values()].map(({ id, begun, bytes }): KnownExecutionView => {
      const state = begun ? 'EXECUTION_STATE_RUNNING' : 'EXECUTION_STATE_DISPATCHED';
      return { id, state, stdoutBytes: bytes.stdout, stderrBytes: bytes.stderr };
    });
    const ended = [...this.#results].map(([id, { state, stdout, stderr }]): KnownExecutionView => {
      return {
        id,
        state: state as KnownExecutionView['state'],
        stdoutBytes: bytesOf(stdout),
        stderrBytes: bytesOf(stderr),
      };
    });
    return [...live, ...ended];
  }

  present(execution: ExecutionId): readonly ExecutorEvent[] {
    const live = this.#live.get(execution);
    if (live) {
      const accepted = { execution, type: 'accepted', atUnixMs: live.acceptedUnixMs } as const;
      return live.started ? [accepted, { execution, type: 'started', ...live.started }] : [accepted];
    }
    const bytes = this.#ports.journal.get(execution)?.result;
    if (bytes === undefined) return [];
    const result = this.#results.get(execution) ?? results.decode(bytes);
    const atUnixMs = Number(result.acceptedUnixMs ?? 0);
    const finished = { execution, type: 'finished', result } as const;
    return atUnixMs > 0 ? [{ execution, type: 'accepted', atUnixMs }, finished] : [finished];
  }

  offer(offer: Offer): void {
    if (this.#closed) return;
    const { execution } = offer;
    const digest = Admission.digestOf(offer);
    const known = this.#live.get(execution) ?? this.#ports.journal.get(execution);
    const knownDigest = known?.digest ?? this.#admission.digest(execution);
    if (knownDigest && knownDigest !== digest) {
      // There is no frame for it, and a REJECTED would stand for the execution that is known: that one is told, as it is.
      this.#ports.log.error(
        { 'execution.id': execution },
        'ID_CONFLICT: offered again with other bytes, which are ignored',
      );
    }
    if (known) for (const event of this.present(execution)) this.#tell(event);
    else if (knownDigest === undefined || knownDigest === digest) this.#admission.offer(offer, digest);
  }

  settled(withinMs: number): Promise<void> {
    return this.#admission.settled(withinMs);
  }

  input(execution: ExecutionId, offset: number, data: Buffer): void {
    if (!this.#closed) this.#admission.input(execution, offset, data);
  }

  cancel(execution: ExecutionId, signal: number, graceMs: number | undefined): void {
    if (this.#closed) return;
    const live = this.#live.get(execution);
    if (live) {
      const grace = graceMs ?? live.order?.limits.graceMs ?? 0;
      live.end('cancel', signal === 0 ? 15 : signal, grace).catch((err: unknown) => {
        this.#ports.log.error({ err, 'execution.id': execution }, 'a cancel could not be journaled');
      });
    } else if (this.#ports.journal.get(execution) === undefined) {
      this.#admission.cancel(execution, signal, graceMs);
    }
  }

  release(executions: readonly ExecutionId[]): void {
    for (const id of executions) {
      const entry = this.#ports.journal.get(id);
      if (entry?.result === undefined || entry.released) continue;
      this.#results.delete(id);
      // Not synced: what is lost with the power is repeated and released again.
      const kept = releasedResult(entry.result);
      const blob = kept === entry.result ? undefined : kept;
      const released = this.#ports.journal.append({ type: 'released', id }, blob, { sync: false });
      released.catch((err: unknown) =>
        this.#ports.log.warn({ err, 'execution.id': id }, 'a release was not journaled'),
      );
    }
  }

  openRead(execution: ExecutionId, stream: StreamName, from: number): OutputReader | undefined {
    const live = this.#live.get(execution);
    const coming = live?.spool ?? this.#admission.spool(execution);
    if (coming) return this.#shelf.readLive(execution, coming, stream, from);
    const { spool, result } = this.#ports.journal.get(execution) ?? {};
    if (spool === undefined) {
      return result && new GoneReader({ bytes: bytesOf(results.decode(result)[stream]), from });
    }
    const place = { spool: spool.folder, nonce: spool.nonce };
    const options = {
      ports: this.#ports,
      log: this.#ports.log,
      exitComplete: () => true,
      supervisorAlive: () => false,
    };
    return this.#shelf.readEnded(execution, () => openSpool(place, options), stream, from);
  }

  /** Lets go of everything; what runs goes on. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#sweepTimer?.cancel();
    this.#admission.close();
    await this.#shelf.close();
    await Promise.all([...this.#live.values()].map((execution) => execution.close()));
    await this.#ports.pool.close();
    await this.#sweeping;
    await this.#ports.journal.close();
    this.#lock.release();
  }

  #follow(execution: Execution): void {
    this.#live.set(execution.id, execution);
    void execution.run().then(() => {
      if (!this.#closed) this.#shelf.retire(execution.id, execution.spool);
    });
  }

  /** To everybody; results are kept until released. */
  #emit(event: ExecutorEvent): void {
    if (event.type === 'finished') {
      this.#live.delete(event.execution);
      this.#results.set(event.execution, event.result);
    }
    this.#tell(event);
  }

  #tell(event: ExecutorEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  async #recover(): Promise<void> {
    const { executions, unreleased } = await recover(this.#ports);
    for (const [id, result] of unreleased) this.#results.set(id, result);
    for (const execution of executions) this.#follow(execution);
  }

  #sweepAgain(): void {
    this.#sweepTimer = this.#ports.clock.after(sweepMs, () => {
      this.#sweeping = this.#sweep()
        .catch((err: unknown) => this.#ports.log.warn({ err }, 'not everything could be swept'))
        .finally(() => {
          if (!this.#closed) this.#sweepAgain();
        });
    });
  }

  async #sweep(): Promise<void> {
    const { journal, folders, clock, settings } = this.#ports;
    const { bsize, blocks } = await statfs(folders.spools);
    const { unspool, forget } = planSweep({
      entries: [...journal.entries.values()],
      nowUnixMs: clock.now(),
      retentionMs: settings.outputRetentionMs ?? defaultRetentionMs,
      totalBoundBytes: (bsize * blocks) / 10,
    });
    for (const id of unspool) {
      const spool = journal.get(id)?.spool;
      if (spool) folders.removeSpool(spool.folder);
      await journal.append({ type: 'unspooled', id }, undefined, { sync: false });
    }
    for (const id of forget) {
      // The folder first: an id without one is known all the same, a folder without an id would have to be explained.
      await folders.remove(id);
      await journal.append({ type: 'forgotten', id }, undefined, { sync: false });
    }
  }
}

const bytesOf = (summary: ExecutionResult['stdout']): number => Number(summary?.bytes ?? 0);
