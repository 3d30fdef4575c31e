import type { ExecutionResult } from '../../proto/gen/muster/v1/ExecutionResult.ts';
import type { ExecutionId } from '../../shared/ids.ts';
import type { ExecutionPorts } from './ports.ts';
import { type Outcome, results, sealed } from './results.ts';

/** After the disk refused something. */
const againMs = 1000;

type UnrunPorts = Pick<ExecutionPorts, 'journal' | 'clock' | 'log' | 'key'>;

/** Ends of what was never accepted, on their way to the journal: once one is there, its id can't become an execution any more. */
export class UnrunEnds {
  readonly #ports: UnrunPorts;
  readonly #onEnded: (id: ExecutionId, result: ExecutionResult) => void;
  readonly #ids = new Set<ExecutionId>();
  #closed = false;

  /** `onEnded` hears of each when it is journaled. */
  constructor(options: {
    ports: UnrunPorts;
    onEnded: (id: ExecutionId, result: ExecutionResult) => void;
  }) {
    this.#ports = options.ports;
    this.#onEnded = options.onEnded;
  }

  get size(): number {
    return this.#ids.size;
  }

  has(id: ExecutionId): boolean {
    return this.#ids.has(id);
  }

  end(id: ExecutionId, digest: string, expiresUnixMs: number, outcome: Outcome): void {
    const { journal, clock, log } = this.#ports;
    const finishedUnixMs = clock.now();
    const result = sealed(id, digest, { ...outcome, finishedUnixMs }, this.#ports);
    const record = { type: 'finished', id, digest, expiresUnixMs, finishedUnixMs, spoolBytes: 0 } as const;
    const bytes = results.encode(result);
    this.#ids.add(id);
    const write = async (): Promise<void> => {
      try {
        await journal.append({ ...record, spool: undefined, nonce: undefined }, bytes);
      } catch (err) {
        if (this.#closed) return;
        log.error({ err, 'execution.id': id }, 'a refusal could not be journaled; trying again');
        clock.after(againMs, () => void write());
        return;
      }
      this.#ids.delete(id);
      this.#onEnded(id, result);
    };
    write().catch((err: unknown) => log.error({ err, 'execution.id': id }, 'a refusal could not be told'));
  }

  refuse(id: ExecutionId, digest: string, expiresUnixMs: number, reason: string, message: string): void {
    this.end(id, digest, expiresUnixMs, {
      state: 'EXECUTION_STATE_REJECTED',
      reason,
      message: message.slice(0, 1024),
    });
  }

  close(): void {
    this.#closed = true;
    this.#ids.clear();
  }
}
