import type { ReadStream, WriteStream } from 'node:tty';
import { type Sink, standardSink } from './render/sink.ts';

/** What a command may know of the process around it. */
export interface CliContext {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** For questions at a terminal. */
  readonly stdin: Pick<ReadStream, 'isTTY'> & NodeJS.ReadableStream;
  readonly stdout: Sink;
  readonly stderr: Sink;
  /** Sets the status the process ends with. */
  exit(status: number): void;
}

export const processContext = (): CliContext => ({
  env: process.env,
  // Only who asks for it opens it.
  get stdin() {
    return process.stdin;
  },
  stdout: standardSink(process.stdout as WriteStream & { fd: 1 }),
  stderr: standardSink(process.stderr as WriteStream & { fd: 2 }),
  exit: (status) => {
    process.exitCode = status;
  },
});
