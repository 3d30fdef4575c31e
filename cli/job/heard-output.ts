import type { Execution__Output } from '../../proto/gen/muster/v1/Execution.ts';
import { BlockDigest } from '../../shared/block-digest.ts';
import { doubted } from './believed.ts';
import { stateName } from './execution-states.ts';
import type { OutputPiece, StreamName } from './seen.ts';

interface Heard {
  readonly digest: BlockDigest;
  /** There are gaps, or it did not come from its first byte on: then nothing can be compared. */
  partial: boolean;
}

/** Output as it was heard, to be compared with what its node signed. */
export class HeardOutput {
  readonly #streams = new Map<string, Heard>();

  /** Pieces of one stream in order, each once. */
  take(piece: OutputPiece): void {
    const heard = this.#of(piece.execution, piece.stream);
    if (piece.type === 'gap' || piece.type === 'unavailable' || piece.offset !== heard.digest.offset)
      heard.partial = true;
    else if (piece.type === 'output' && !heard.partial) heard.digest.update(piece.data);
  }

  /** The execution; undetermined where a stream that was heard whole is another one than its result says. Asked once. */
  judged(execution: Execution__Output): Execution__Output {
    if (execution.undetermined) return execution;
    const fault = this.fault(execution, 'stdout') ?? this.fault(execution, 'stderr');
    return fault === undefined
      ? execution
      : doubted(execution, `${stateName(execution.state)} was reported, but ${fault}`);
  }

  /** What is wrong with a stream; undefined = nothing, or nothing can be said. */
  fault({ id, result }: Execution__Output, stream: StreamName): string | undefined {
    const heard = this.#of(id, stream);
    const summary = result?.[stream];
    if (heard.partial || result === null || result.signature === null) return undefined;
    const { offset } = heard.digest;
    const bytes = summary?.bytes ?? 0;
    if (offset !== bytes) return `its ${stream} came with ${offset} bytes where the node signed ${bytes}`;
    const same = heard.digest.finish().equals(summary?.digest ?? Buffer.alloc(0));
    return same ? undefined : `its ${stream} is not what the node signed`;
  }

  #of(execution: string, stream: StreamName): Heard {
    const key = `${execution} ${stream}`;
    let heard = this.#streams.get(key);
    if (heard === undefined) {
      heard = { digest: new BlockDigest(), partial: false };
      this.#streams.set(key, heard);
    }
    return heard;
  }
}
