import { createReadStream } from 'node:fs';
import type { StreamName } from '../job/seen.ts';
import { foldEqual } from './fold-equal.ts';
import { nodeSet } from './node-set.ts';
import type { OutputFolder } from './output-folder.ts';
import type { Sink } from './sink.ts';
import { utf8Boundary, visible } from './visible.ts';

const rule = '-'.repeat(15);

/** Shows what was collected of a stream, equal outputs once, under `web-[1-3] (3)`, the rarest first, as `clush -b` does. */
export async function writeFolded(folder: OutputFolder, stream: StreamName, sink: Sink): Promise<void> {
  const outputs = [...folder.collected(stream)].map(({ node, digest, bytes }) => ({ node, key: `${digest}/${bytes}` }));
  for (const { nodes } of foldEqual(outputs)) {
    const title = `${nodeSet(nodes)} (${nodes.length})${stream === 'stderr' ? ' stderr' : ''}`;
    await sink.write(`${rule}\n${title}\n${rule}\n`);
    const content = folder.content(nodes[0] as string, stream);
    await copy('file' in content ? createReadStream(content.file) : [content.bytes], sink);
  }
}

/** All bytes as they are (on a terminal: shown), with a newline at the end. */
async function copy(chunks: AsyncIterable<Buffer> | Iterable<Buffer>, sink: Sink): Promise<void> {
  let held = Buffer.alloc(0);
  let last = 0x0a;
  for await (const chunk of chunks) {
    last = chunk.at(-1) ?? last;
    if (!sink.isTerminal) {
      await sink.write(chunk);
      continue;
    }
    const bytes = Buffer.concat([held, chunk]);
    const boundary = utf8Boundary(bytes);
    held = Buffer.from(bytes.subarray(boundary));
    await sink.write(visible(bytes.subarray(0, boundary)));
  }
  if (held.length > 0) await sink.write(visible(held));
  if (last !== 0x0a) await sink.write('\n');
}
