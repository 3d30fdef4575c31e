import { MusterError } from '../../shared/errors.ts';
import type { RpcClient } from '../../shared/rpc/client.ts';
import { jobMethods } from '../../shared/rpc/methods.ts';
import { Retry } from '../../shared/rpc/retry.ts';
import { type OutputPiece, Seen, type StreamName } from './seen.ts';

export interface ReadOutputOptions {
  readonly client: RpcClient;
  readonly jobId: string;
  /** Name or uid. */
  readonly node: string;
  readonly stream: StreamName;
  /** First absolute offset wanted. */
  readonly from: number;
  /** Wait for more while the command runs. */
  readonly follow: boolean;
  readonly retryForMs: number;
  readonly signal?: AbortSignal;
}

/**
 * One stream of one node from an offset on, taken up again where it was cut, on any replica. A node that is away is waited for
 * only with `follow`. Throws UNKNOWN_JOB, UNKNOWN_EXECUTION, OFFSET_PAST_END, NODE_AWAY.
 */
export async function* readOutput(options: ReadOutputOptions): AsyncGenerator<OutputPiece, void, void> {
  const { client, jobId, node, follow, signal } = options;
  const stream = options.stream === 'stdout' ? 'OUTPUT_STREAM_STDOUT' : 'OUTPUT_STREAM_STDERR';
  const retry = new Retry({ forMs: options.retryForMs, ...(signal && { signal }) });
  const seen = new Seen();
  seen.begin('', options.stream, options.from);
  let from = options.from;
  for (;;) {
    try {
      const request = { jobId, node, attempt: 0, stream, from, until: 0, follow } as const;
      for await (const { chunk } of client.stream(jobMethods.ReadOutput, request, signal ? { signal } : {})) {
        retry.succeeded();
        if (!chunk) continue;
        for (const piece of seen.take({ ...chunk, execution: '' })) {
          if (piece.type === 'unavailable') throw new MusterError('NODE_AWAY', `${node}: ${piece.reason}`);
          from = piece.offset + (piece.type === 'output' ? piece.data.length : 0);
          if (piece.type === 'gap') from = piece.until;
          yield { ...piece, execution: chunk.execution };
          if (piece.type === 'end') return;
        }
      }
      if (!follow) return;
      throw new MusterError('REPLICA_UNAVAILABLE', 'the replica ended the read before the output was over');
    } catch (error) {
      if (error instanceof MusterError && error.reason === 'NODE_AWAY' && !follow) throw error;
      await retry.failed(error);
    }
  }
}
