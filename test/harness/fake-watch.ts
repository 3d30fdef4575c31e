import type { ServerWritableStream } from '@grpc/grpc-js';
import type { WatchEvent } from '../../proto/gen/muster/v1/WatchEvent.ts';
import type { WatchRequest__Output } from '../../proto/gen/muster/v1/WatchRequest.ts';
import type { WatchResponse } from '../../proto/gen/muster/v1/WatchResponse.ts';
import { MusterError } from '../../shared/errors.ts';
import type { FakePlane } from './fake-plane.ts';

/** One watch, from what its caller has, until the job has closed and everything was sent. */
export async function serveWatch(
  plane: FakePlane,
  call: ServerWritableStream<WatchRequest__Output, WatchResponse>,
): Promise<void> {
  const { jobId, resume, withoutOutput } = call.request;
  const job = plane.jobs.get(jobId);
  if (job === undefined) throw new MusterError('UNKNOWN_JOB', `no job ${jobId}`);
  let gone = false;
  const leave = (): void => {
    gone = true;
    plane.changed();
  };
  call.on('close', leave).on('error', leave).on('cancelled', leave);
  const send = async (event: WatchEvent): Promise<void> => {
    if (gone) return;
    if (!call.write({ event })) {
      await new Promise<void>((resolve) =>
        call.once('drain', resolve).once('close', resolve).once('cancelled', resolve),
      );
    }
  };
  const told = new Map<string, string>();
  const offsets = new Map<string, { at: number; ended: boolean }>();
  for (const point of resume) {
    offsets.set(`${point.execution}/stdout`, { at: point.stdoutOffset, ended: point.stdoutEnded });
    offsets.set(`${point.execution}/stderr`, { at: point.stderrOffset, ended: point.stderrEnded });
  }
  for (;;) {
    const closed = job.closedUnixMs > 0;
    await send({ job: plane.jobMessage(job) });
    for (const execution of job.executions) {
      const { id, state, result, undetermined, startedUnixMs } = execution;
      const away = !plane.nodes.find(({ uid }) => uid === execution.node.uid)?.connected;
      if (told.get(id) !== `${state}${undetermined}`) {
        told.set(id, `${state}${undetermined}`);
        const base = { id, nodeUid: execution.node.uid, node: execution.node.name, attempt: 1 };
        await send({
          executions: { executions: [{ ...base, state, result, undetermined, startedUnixMs, nodeAway: away }] },
        });
      }
      for (const stream of ['stdout', 'stderr'] as const) {
        if (withoutOutput) continue;
        const key = `${id}/${stream}`;
        const place = offsets.get(key) ?? { at: 0, ended: false };
        offsets.set(key, place);
        const source = execution.streams[stream];
        const head = {
          execution: id,
          node: execution.node.name,
          stream: stream === 'stdout' ? 'OUTPUT_STREAM_STDOUT' : 'OUTPUT_STREAM_STDERR',
        } as const;
        while (place.at < source.bytes.length && !gone) {
          const { gap } = source;
          if (gap && place.at >= gap.from && place.at < gap.until) {
            await send({ output: { ...head, offset: place.at, gap } });
            place.at = gap.until;
            continue;
          }
          const until = gap && place.at < gap.from ? gap.from : source.bytes.length;
          const data = source.bytes.subarray(place.at, Math.min(until, place.at + plane.chunkBytes));
          await send({ output: { ...head, offset: place.at, data } });
          place.at += data.length;
        }
        if (source.ended && !place.ended && place.at >= source.bytes.length) {
          place.ended = true;
          await send({ output: { ...head, offset: place.at, end: true } });
        }
      }
    }
    if (gone) return;
    if (closed) return void call.end();
    await plane.nextChange();
  }
}
