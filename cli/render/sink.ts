import { write } from 'node:fs';
import type { WriteStream } from 'node:tty';
import { sleep } from '../../shared/time.ts';

/** Where bytes go, in order, at the reader's pace: await each write. */
export interface Sink {
  readonly isTerminal: boolean;
  /** Width in characters where it is a terminal. */
  readonly columns: number;
  /** A write has begun that its reader has not taken yet. */
  readonly blocked: boolean;
  /** Rejects with EPIPE when nobody reads any more. */
  write(bytes: Buffer | string): Promise<void>;
}

/**
 * Standard output or error. Node writes to pipes synchronously, which would freeze signals and keepalive behind a reader that
 * pauses (`| less`); so what is no terminal is written by the thread pool, each byte as it is.
 */
export function standardSink(stream: WriteStream & { fd: number }): Sink {
  let last: Promise<void> = Promise.resolve();
  let pending = 0;
  const enqueue = (action: () => Promise<void>): Promise<void> => {
    pending += 1;
    const done = last.then(action).finally(() => {
      pending -= 1;
    });
    last = done.catch(() => {});
    return done;
  };
  return {
    isTerminal: stream.isTTY === true,
    get columns() {
      // A terminal that does not say its width says 0.
      return stream.columns || 80;
    },
    get blocked() {
      return pending > 0;
    },
    write(bytes) {
      const data = typeof bytes === 'string' ? Buffer.from(bytes) : bytes;
      if (data.length === 0) return Promise.resolve();
      return enqueue(() => (stream.isTTY ? toTerminal(stream, data) : toDescriptor(stream.fd, data)));
    },
  };
}

const toTerminal = (stream: WriteStream, data: Buffer): Promise<void> =>
  new Promise((resolve, reject) => stream.write(data, (error) => (error ? reject(error) : resolve())));

async function toDescriptor(fd: number, data: Buffer): Promise<void> {
  let from = 0;
  while (from < data.length) {
    const written = await new Promise<number>((resolve, reject) => {
      write(fd, data, from, data.length - from, null, (error, bytes) => {
        // The pipe was set non-blocking by whoever shares it.
        if (error?.code === 'EAGAIN') resolve(0);
        else if (error) reject(error);
        else resolve(bytes);
      });
    });
    if (written === 0) await sleep(5);
    from += written;
  }
}
