import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { maxStdinBytes } from '../../shared/order.ts';
import { UsageError } from '../usage-error.ts';

/** All of a command's standard input, from a file or (`-`) our own. Throws UsageError past 16 MiB. */
export async function readStdin(file: string): Promise<Buffer> {
  const source: Readable = file === '-' ? process.stdin : createReadStream(file);
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of source as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > maxStdinBytes)
        throw new UsageError(`--stdin: more than ${maxStdinBytes} bytes; at most 16 MiB are allowed`);
      chunks.push(chunk);
    }
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(`--stdin: ${(error as Error).message}`, { cause: error });
  }
  return Buffer.concat(chunks);
}
