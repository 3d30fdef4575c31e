import type { ReadSource } from './output/outputs.ts';

/** The same source of output, the bytes that come from its nodes told to an observer. */
export function countedReads(source: ReadSource, relayed: (bytes: number) => void): ReadSource {
  return {
    whenBack: (node, action) => source.whenBack(node, action),
    read: (node, options, sink) =>
      source.read(node, options, {
        piece: (output) => {
          if (output.data.length > 0) relayed(output.data.length);
          sink.piece(output);
        },
        failed: (error) => sink.failed(error),
        lost: () => sink.lost(),
      }),
  };
}
