import type { Execution__Output } from '../../proto/gen/muster/v1/Execution.ts';
import type { OutputChunk__Output } from '../../proto/gen/muster/v1/OutputChunk.ts';
import type { ResumePoint } from '../../proto/gen/muster/v1/ResumePoint.ts';
import { stateRank } from './execution-states.ts';

export type StreamName = 'stdout' | 'stderr';

/** A piece of one stream of one execution, in order, each byte once. Offsets are absolute, in bytes. */
export type OutputPiece = {
  readonly node: string;
  readonly execution: string;
  readonly stream: StreamName;
  readonly offset: number;
} & (
  | { readonly type: 'output'; readonly data: Buffer }
  /** Bytes from `offset` to `until` can't be read; `until` equals `offset` where the number is unknown. */
  | { readonly type: 'gap'; readonly until: number; readonly reason: string }
  | { readonly type: 'end' }
  /** Can't be had now; what follows may come later. */
  | { readonly type: 'unavailable'; readonly reason: string }
);

interface StreamPlace {
  offset: number;
  ended: boolean;
  /** Where the last gap of unknown length was told, so that a watch taken up again does not tell it twice. */
  lostAt: number;
}
interface Place {
  execution: Execution__Output | undefined;
  readonly stdout: StreamPlace;
  readonly stderr: StreamPlace;
}

const beginning = (): StreamPlace => ({ offset: 0, ended: false, lostAt: -1 });

/**
 * What a watcher already has: the state of each execution and where each stream stands. It lets through only what is new, so
 * that a watch taken up again, on any replica, neither repeats nor loses anything.
 */
export class Seen {
  readonly #places = new Map<string, Place>();

  /** The executions as last told. */
  *executions(): Iterable<Execution__Output> {
    for (const { execution } of this.#places.values()) if (execution) yield execution;
  }

  /** Bytes before `offset` are not wanted. */
  begin(execution: string, stream: StreamName, offset: number): void {
    this.#place(execution)[stream].offset = offset;
  }

  /** Whether the execution moved forward (or its node went away or came back, or it was given up); remembers it. */
  raise(execution: Execution__Output): boolean {
    const place = this.#place(execution.id);
    const known = place.execution;
    if (known !== undefined) {
      const [before, now] = [stateRank(known.state), stateRank(execution.state)];
      if (now < before) return false;
      const same = now === before && known.nodeAway === execution.nodeAway;
      if (same && known.undetermined === execution.undetermined) return false;
      if (before === 4 && known.state !== execution.state) return false;
    }
    place.execution = execution;
    return true;
  }

  /** What of the chunk is new: none, one piece, or a gap and a piece where bytes are missing unexplained. */
  take(chunk: OutputChunk__Output): OutputPiece[] {
    const stream: StreamName = chunk.stream === 'OUTPUT_STREAM_STDERR' ? 'stderr' : 'stdout';
    const place = this.#place(chunk.execution)[stream];
    const base = { node: chunk.node, execution: chunk.execution, stream } as const;
    if (place.ended) return [];
    if (chunk.unavailable !== '') {
      return [{ ...base, type: 'unavailable', offset: place.offset, reason: chunk.unavailable }];
    }
    const pieces: OutputPiece[] = [];
    const from = chunk.gap ? chunk.gap.from : chunk.offset;
    if (from > place.offset) {
      pieces.push({ ...base, type: 'gap', offset: place.offset, until: from, reason: 'not-sent' });
      place.offset = from;
    }
    if (chunk.gap) {
      const { until, reason } = chunk.gap;
      const lost = until === from && from === place.offset && place.lostAt !== from;
      if (lost) place.lostAt = from;
      if (until > place.offset || lost) {
        pieces.push({ ...base, type: 'gap', offset: place.offset, until: Math.max(until, place.offset), reason });
        place.offset = Math.max(until, place.offset);
      }
    } else if (chunk.data.length > 0) {
      const fresh = chunk.data.subarray(place.offset - chunk.offset);
      if (fresh.length > 0) pieces.push({ ...base, type: 'output', offset: place.offset, data: fresh });
      place.offset += fresh.length;
    }
    if (chunk.end) {
      place.ended = true;
      pieces.push({ ...base, type: 'end', offset: place.offset });
    }
    return pieces;
  }

  /** What to tell a replica when the watch is taken up again; executions that have not begun need no word. */
  resumePoints(): ResumePoint[] {
    const points: ResumePoint[] = [];
    for (const [id, { execution, stdout, stderr }] of this.#places) {
      const untouched = stdout.offset === 0 && stderr.offset === 0 && !stdout.ended && !stderr.ended;
      if (untouched && (execution === undefined || stateRank(execution.state) <= 1)) continue;
      points.push({
        execution: id,
        state: execution?.state ?? 'EXECUTION_STATE_UNSPECIFIED',
        stdoutOffset: stdout.offset,
        stderrOffset: stderr.offset,
        stdoutEnded: stdout.ended,
        stderrEnded: stderr.ended,
      });
    }
    return points;
  }

  #place(id: string): Place {
    let place = this.#places.get(id);
    if (place === undefined) {
      place = { execution: undefined, stdout: beginning(), stderr: beginning() };
      this.#places.set(id, place);
    }
    return place;
  }
}
