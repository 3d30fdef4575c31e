import type { OutputChunk } from '../../proto/gen/muster/v1/OutputChunk.ts';
import type { ReadOutputRequest__Output } from '../../proto/gen/muster/v1/ReadOutputRequest.ts';
import { invalidField, MusterError } from '../../shared/errors.ts';
import type { Clock, Timer } from '../../shared/time.ts';
import type { OutputStreamName } from '../fleet/session.ts';
import type { JobProgress } from '../jobs/progress.ts';
import type { NodeAbsence } from '../jobs/views/away-nodes.ts';
import { chunkFields } from '../jobs/wire.ts';
import { endOf, type OutputPiece } from '../output/output-piece.ts';
import type { Outputs } from '../output/outputs.ts';

/** How often it is looked whether the node is back within reach. */
const lookEveryMs = 1000;

interface Options {
  readonly progress: JobProgress;
  readonly request: ReadOutputRequest__Output;
  readonly outputs: Outputs;
  /** The job's states are those that its coordinator knows. */
  readonly live: boolean;
  readonly nodes: NodeAbsence;
  readonly clock: Clock;
  readonly isOver: (state: ReturnType<JobProgress['stateAt']>) => boolean;
  readonly signal: AbortSignal;
}

/** One stream of one execution, from `from` up to `until` or its end. */
export async function readOutput(options: Options, send: (chunk: OutputChunk) => Promise<void>): Promise<void> {
  const { progress, request, signal } = options;
  const stream = streamOf(request.stream);
  for (const field of ['from', 'until'] as const) {
    if (!Number.isSafeInteger(request[field])) throw invalidField(field, 'is no offset');
  }
  if (request.until !== 0 && request.until < request.from) throw invalidField('until', 'is before from');
  const index = targetOf(progress, request);
  const target = progress.targets[index];
  const state = progress.stateAt(index);
  const unheard = state === 'EXECUTION_STATE_PENDING' && progress.state !== 'closed';
  if (!target || (unheard && options.live)) {
    throw new MusterError('UNKNOWN_EXECUTION', `${request.node} has not begun with job ${progress.id}`, {
      field: 'node',
    });
  }
  const head = { execution: progress.executionAt(index), node: target.name, stream };
  const result = progress.resultAt(index);
  const over = options.isOver(state);
  const summary = stream === 'OUTPUT_STREAM_STDOUT' ? result?.stdout : result?.stderr;
  const total = over ? Number(summary?.bytes ?? 0) : undefined;
  const empty = total === 0 && (summary?.gaps?.length ?? 0) === 0;
  if (total !== undefined && request.from > total) {
    throw pastEnd(request.from, total);
  }
  if (empty) return await send({ ...head, offset: 0, end: true });
  const { nodes, clock } = options;
  if (nodes.isAway(target.uid) && !nodes.mayReturn(target.uid))
    throw new MusterError('NODE_AWAY', `${target.name} has no session; its output is there`);
  const until = request.until === 0 ? Number.POSITIVE_INFINITY : request.until;
  const { execution, node } = { execution: head.execution, node: target.uid };
  const patience = new AbortController();
  const away = new MusterError('NODE_AWAY', `${target.name} has lost its session; read on from where this ended`);
  let lost: number | undefined;
  // It may only be on its way to another replica, where the read goes on by itself.
  const look = (): Timer =>
    clock.after(lookEveryMs, () => {
      lost = nodes.isOutOfReach(target.uid) ? (lost ?? clock.monotonic()) : undefined;
      if (lost !== undefined && clock.monotonic() - lost >= nodes.patienceMs) patience.abort(away);
      else timer = look();
    });
  let timer = look();
  const follow = { execution, node, stream, from: request.from, untilPresent: !request.follow && !over };
  try {
    for await (const piece of options.outputs.follow({
      ...follow,
      signal: AbortSignal.any([signal, patience.signal]),
    })) {
      if (piece.type === 'present') return;
      // Whoever drives the job can't be asked; its node could, and has never heard of it.
      if (unheard && piece.type === 'unavailable' && piece.reason === 'unknown-execution')
        throw new MusterError('REPLICA_UNAVAILABLE', `nobody can say now whether ${target.name} has begun; ask again`);
      if (piece.type === 'unavailable' && piece.reason === 'offset-past-end') throw pastEnd(request.from, undefined);
      const bounded = cut(piece, until);
      if (bounded) await send({ ...head, ...chunkFields(bounded) });
      if (endOf(piece) >= until) return;
    }
  } finally {
    timer.cancel();
  }
}

function pastEnd(from: number, total: number | undefined): MusterError {
  const where = total === undefined ? '' : ` at ${total}`;
  return new MusterError('OFFSET_PAST_END', `from: ${from} is past the end${where}`, { field: 'from' });
}

function streamOf(stream: ReadOutputRequest__Output['stream']): OutputStreamName {
  if (stream === 'OUTPUT_STREAM_STDOUT' || stream === 'OUTPUT_STREAM_STDERR') return stream;
  throw invalidField('stream', 'must be OUTPUT_STREAM_STDOUT or OUTPUT_STREAM_STDERR');
}

function targetOf(progress: JobProgress, request: ReadOutputRequest__Output): number {
  if (request.node === '') throw invalidField('node', 'is required: a name or uid');
  const index = progress.indexOf(request.node) ?? progress.targets.findIndex((target) => target.name === request.node);
  if (index < 0 || request.attempt > 1) {
    const attempt = request.attempt > 1 ? `, attempt ${request.attempt}` : '';
    throw new MusterError('UNKNOWN_EXECUTION', `job ${progress.id} has no execution on ${request.node}${attempt}`, {
      field: 'node',
    });
  }
  return index;
}

/** The piece without what is at or past `until`; undefined where nothing is left. */
function cut(piece: OutputPiece, until: number): OutputPiece | undefined {
  if (piece.type === 'data') {
    if (piece.offset >= until) return undefined;
    return { ...piece, data: piece.data.subarray(0, Math.max(0, until - piece.offset)) };
  }
  return piece.type === 'gap' ? { ...piece, until: Math.min(piece.until, until) } : piece;
}
