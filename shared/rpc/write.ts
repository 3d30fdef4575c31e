import { once } from 'node:events';

/** The writing half of a grpc-js stream: what `writeAll` needs of it. */
export interface Writable {
  write(message: unknown): boolean;
  once(event: 'drain' | 'close' | 'error' | 'cancelled', listener: () => void): unknown;
  removeListener(event: string, listener: () => void): unknown;
  readonly destroyed?: boolean;
}

/**
 * Writes one message and waits until the stream takes another: grpc-js queues without bound whoever does not wait.
 * Rejects with the signal's reason when it aborts first.
 */
export async function writeMessage(stream: Writable, message: unknown, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  if (stream.write(message)) return;
  await once(stream as unknown as EventTarget, 'drain', { signal });
}
