import { type EventEmitter, once } from 'node:events';

/** The writing half of a grpc-js stream. */
export interface MessageSink extends EventEmitter {
  write(message: unknown): boolean;
}

/**
 * Writes one message and waits until the stream takes another: grpc-js queues without bound for whoever does not wait.
 * Rejects when the stream fails or the signal aborts first.
 */
export async function writeMessage(stream: MessageSink, message: unknown, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  if (!stream.write(message)) await once(stream, 'drain', { signal });
}
