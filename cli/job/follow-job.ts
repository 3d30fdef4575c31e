import type { Execution__Output } from '../../proto/gen/muster/v1/Execution.ts';
import type { Job__Output } from '../../proto/gen/muster/v1/Job.ts';
import { MusterError } from '../../shared/errors.ts';
import type { RpcClient } from '../../shared/rpc/client.ts';
import { jobMethods } from '../../shared/rpc/methods.ts';
import { Retry } from '../../shared/rpc/retry.ts';
import { type Belief, believed } from './believed.ts';
import { type OutputPiece, Seen } from './seen.ts';

export type FollowEvent =
  | { readonly type: 'job'; readonly job: Job__Output }
  | { readonly type: 'execution'; readonly execution: Execution__Output }
  /** The watch was cut, every server has failed since, and it is taken up again in `waitMs`. */
  | { readonly type: 'reconnecting'; readonly error: MusterError; readonly waitMs: number }
  | OutputPiece;

export interface FollowOptions {
  readonly client: RpcClient;
  readonly jobId: string;
  readonly belief: Belief;
  /** States only. */
  readonly withoutOutput?: boolean;
  /** How long to keep trying while no replica answers, in ms. */
  readonly retryForMs: number;
  /** What is known already; kept up to date. */
  readonly seen?: Seen;
  readonly signal?: AbortSignal;
}

/**
 * A job from its beginning (or from what `seen` has) until it closes and its output has been told, over as many watches and
 * replicas as it takes. Each change once, each byte once and in order. Throws UNKNOWN_JOB, and UNAVAILABLE when nobody answers
 * for too long. The consumer's pace is the stream's pace.
 */
export async function* followJob(options: FollowOptions): AsyncGenerator<FollowEvent, void, void> {
  const { client, jobId, signal } = options;
  const seen = options.seen ?? new Seen();
  const notices: FollowEvent[] = [];
  const retry = new Retry({
    forMs: options.retryForMs,
    ...(signal && { signal }),
    // That one replica of several stops is nothing to speak of: the next takes over.
    onRetry: (error, failures, waitMs) => {
      if (failures >= client.servers) notices.push({ type: 'reconnecting', error, waitMs });
    },
  });
  let closed = false;
  for (;;) {
    try {
      const request = { jobId, withoutOutput: options.withoutOutput ?? false, resume: seen.resumePoints() };
      for await (const { event } of client.stream(jobMethods.Watch, request, signal ? { signal } : {})) {
        retry.succeeded();
        if (event?.job) {
          closed ||= event.job.state === 'JOB_STATE_CLOSED';
          yield { type: 'job', job: event.job };
        }
        for (const told of event?.executions?.executions ?? []) {
          const execution = believed(told, options.belief);
          if (seen.raise(execution)) yield { type: 'execution', execution };
        }
        if (event?.output) yield* seen.take(event.output);
      }
      if (closed) return;
      throw new MusterError('REPLICA_UNAVAILABLE', 'the replica ended the watch before the job was over');
    } catch (error) {
      const waiting = retry.failed(error);
      // `failed` has said what it will do before it waits.
      waiting.catch(() => {});
      yield* notices.splice(0);
      await waiting;
    }
  }
}
