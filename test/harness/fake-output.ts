import type { KnownExecutionView, OutputPiece, OutputReader, StreamName } from '../../agent/executor.ts';
import { MusterError } from '../../shared/errors.ts';
import type { ExecutionId } from '../../shared/ids.ts';
import { FakeExecutor } from './fake-executor.ts';

/** One output stream that a test writes, and its readers. */
export class FakeOutput {
  #bytes = Buffer.alloc(0);
  #ended = false;
  readonly #waiting = new Set<() => void>();
  /** Readers that are open, and how many there were. */
  open = 0;
  opened = 0;
  /** How far the reader that is furthest behind has come. */
  get slowest(): number {
    return Math.min(...[...this.#readers].map(({ offset }) => offset));
  }

  readonly #readers = new Set<OutputReader>();

  get length(): number {
    return this.#bytes.length;
  }

  write(data: Buffer | string): void {
    this.#bytes = Buffer.concat([this.#bytes, Buffer.from(data)]);
    this.#wake();
  }

  end(): void {
    this.#ended = true;
    this.#wake();
  }

  /** A reader at `from`. */
  reader(from: number): OutputReader {
    this.open += 1;
    this.opened += 1;
    let offset = from;
    let closed = false;
    const read = async (maxBytes: number): Promise<OutputPiece> => {
      for (;;) {
        if (closed) throw new MusterError('INTERNAL', 'the reader is closed');
        if (offset < this.#bytes.length) {
          const data = this.#bytes.subarray(offset, offset + maxBytes);
          const piece = { type: 'data', offset, data } as const;
          offset += data.length;
          return piece;
        }
        if (this.#ended && offset > this.#bytes.length) throw new MusterError('OFFSET_PAST_END', 'past the end');
        if (this.#ended) return { type: 'end', offset };
        await new Promise<void>((resolve) => this.#waiting.add(resolve));
      }
    };
    const reader: OutputReader = {
      get offset() {
        return offset;
      },
      read,
      close: () => {
        if (!closed) this.open -= 1;
        closed = true;
        this.#readers.delete(reader);
        this.#wake();
      },
    };
    this.#readers.add(reader);
    return reader;
  }

  #wake(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const wake of waiting) wake();
  }
}

/** An executor whose executions have output: of each the streams are made when they are first asked for. */
export class OutputExecutor extends FakeExecutor {
  readonly #outputs = new Map<string, FakeOutput>();

  output(execution: string, stream: StreamName): FakeOutput {
    const key = `${execution} ${stream}`;
    const output = this.#outputs.get(key) ?? new FakeOutput();
    this.#outputs.set(key, output);
    return output;
  }

  /** Readers open now, over all streams. */
  get openReaders(): number {
    let open = 0;
    for (const output of this.#outputs.values()) open += output.open;
    return open;
  }

  override known(): readonly KnownExecutionView[] {
    return super.known().map((view) => ({
      ...view,
      stdoutBytes: this.output(view.id, 'stdout').length,
      stderrBytes: this.output(view.id, 'stderr').length,
    }));
  }

  override openRead(execution: ExecutionId, stream: StreamName, from: number): OutputReader | undefined {
    return this.output(execution, stream).reader(from);
  }

  start(execution: ExecutionId): void {
    this.accept(execution);
    this.emit({ execution, type: 'started', atUnixMs: 1, pid: 1 });
  }

  /** Ends both streams, then the execution. */
  finish(execution: ExecutionId): void {
    const [stdout, stderr] = [this.output(execution, 'stdout'), this.output(execution, 'stderr')];
    stdout.end();
    stderr.end();
    const summaries = { stdout: { bytes: stdout.length }, stderr: { bytes: stderr.length } };
    const result = { state: 'EXECUTION_STATE_SUCCEEDED', exitCode: 0, startedUnixMs: 1, ...summaries } as const;
    this.emit({ execution, type: 'finished', result });
  }
}
