import type { FollowEvent } from '../job/follow-job.ts';
import type { StreamName } from '../job/seen.ts';
import { type EncodedBytes, encodedBytes, executionDocument, jobDocument } from './documents.ts';
import type { JobOutcome, Reporter } from './reporter.ts';
import type { Sink } from './sink.ts';
import { utf8Boundary } from './visible.ts';

/** Where a piece of output belongs: on every record about output. Offsets are absolute, in bytes, per execution and stream. */
interface Place {
  node: string;
  execution: string;
  stream: StreamName;
  offset: number;
}

/**
 * The records of `-o jsonl`, one a line: a closed schema. A new kind of record, or a field more, is a new version of it.
 * `docs/jsonl.md` describes each field; `jsonlFields` is what a test holds them both to.
 */
export type JsonlRecord =
  /** When it is first told of, and whenever the job's state changes. */
  | ({ type: 'job' } & ReturnType<typeof jobDocument>)
  /** An execution moved forward, or its node went away or came back. */
  | ({ type: 'execution' } & ReturnType<typeof executionDocument>)
  /** Bytes of output, in order, each once. */
  | ({ type: 'output'; bytes: number } & Place & EncodedBytes)
  /** Bytes from `offset` to `until` are missing; equal where their number is unknown. */
  | ({ type: 'gap'; until: number; reason: string } & Place)
  /** The stream ends at `offset`. */
  | ({ type: 'end' } & Place)
  /** Output from `offset` on can't be had now. */
  | ({ type: 'unavailable'; reason: string } & Place)
  /** The watch was cut and is taken up again; nothing is lost by it. */
  | { type: 'reconnecting'; message: string; waitMs: number }
  /** Last: the job and its executions, the latest attempt on each node. */
  | { type: 'summary'; job: ReturnType<typeof jobDocument> | null; executions: ReturnType<typeof executionDocument>[] };

/** The fields of each record, in the order in which they are written. */
export const jsonlFields: { readonly [Type in JsonlRecord['type']]: readonly string[] } = {
  job: ['type', 'job', 'state', 'closingReason', 'counts', 'submitted', 'closed', 'deadline', 'coordinator', 'order'],
  execution: [
    'type',
    'execution',
    'node',
    'nodeUid',
    'attempt',
    'state',
    'nodeAway',
    'undetermined',
    'started',
    'result',
  ],
  output: ['type', 'node', 'execution', 'stream', 'offset', 'bytes', 'encoding', 'data'],
  gap: ['type', 'node', 'execution', 'stream', 'offset', 'until', 'reason'],
  end: ['type', 'node', 'execution', 'stream', 'offset'],
  unavailable: ['type', 'node', 'execution', 'stream', 'offset', 'reason'],
  reconnecting: ['type', 'message', 'waitMs'],
  summary: ['type', 'job', 'executions'],
};

/** Writes the records of a job as they come. */
export function jsonlReporter(stdout: Sink): Reporter {
  const records = new OutputRecords();
  let state = '';
  const write = (made: readonly JsonlRecord[]): Promise<void> =>
    stdout.write(made.map((record) => `${JSON.stringify(record)}\n`).join(''));
  return {
    async event(event: FollowEvent) {
      switch (event.type) {
        case 'job':
          if (event.job.state === state) return;
          state = event.job.state;
          return write([{ type: 'job', ...jobDocument(event.job) }]);
        case 'execution':
          return write([{ type: 'execution', ...executionDocument(event.execution) }]);
        case 'reconnecting':
          return write([{ type: 'reconnecting', message: event.error.message, waitMs: Math.round(event.waitMs) }]);
        default:
          return write(records.take(event));
      }
    },
    async finish({ job, executions }: JobOutcome) {
      await write(records.flush());
      await write([
        { type: 'summary', job: job ? jobDocument(job) : null, executions: executions.map(executionDocument) },
      ]);
    },
  };
}

type Piece = Exclude<FollowEvent, { type: 'job' | 'execution' | 'reconnecting' }>;

/** Records of output; a character that two chunks share is held back until it is whole, so that text stays text. */
class OutputRecords {
  readonly #held = new Map<string, { place: Place; bytes: Buffer }>();

  take(piece: Piece): JsonlRecord[] {
    const { node, execution, stream, offset } = piece;
    const place: Place = { node, execution, stream, offset };
    const key = `${execution}/${stream}`;
    const held = this.#held.get(key);
    this.#held.delete(key);
    if (piece.type === 'output') {
      const bytes = held ? Buffer.concat([held.bytes, piece.data]) : piece.data;
      const from = held?.place.offset ?? offset;
      const boundary = utf8Boundary(bytes);
      if (boundary < bytes.length) {
        const rest = Buffer.from(bytes.subarray(boundary));
        this.#held.set(key, { place: { ...place, offset: from + boundary }, bytes: rest });
      }
      return boundary > 0 ? [outputRecord({ ...place, offset: from }, bytes.subarray(0, boundary))] : [];
    }
    const before = held ? [outputRecord(held.place, held.bytes)] : [];
    if (piece.type === 'end') return [...before, { type: 'end', ...place }];
    if (piece.type === 'gap') return [...before, { type: 'gap', ...place, until: piece.until, reason: piece.reason }];
    return [...before, { type: 'unavailable', ...place, reason: piece.reason }];
  }

  flush(): JsonlRecord[] {
    return [...this.#held.values()].map(({ place, bytes }) => outputRecord(place, bytes));
  }
}

const outputRecord = (place: Place, bytes: Buffer): JsonlRecord => ({
  type: 'output',
  ...place,
  bytes: bytes.length,
  ...encodedBytes(bytes),
});
