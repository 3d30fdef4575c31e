import type { EventEmitter } from 'node:events';

/** The writing half of a grpc-js stream. */
export interface MessageSink extends EventEmitter {
  write(message: unknown): boolean;
}
