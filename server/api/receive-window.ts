import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Http2Session, ServerHttp2Stream } from 'node:http2';

/** Of HTTP/2; grpc-js leaves its server at 64 KiB, which limits a single stream long before a core is busy. */
const windowBytes = 2 * 1024 * 1024;

interface StreamCreated {
  readonly stream: ServerHttp2Stream;
  readonly headers: Readonly<Record<string, unknown>>;
}

/**
 * Lets peers that open a stream of these paths send `windowBytes` before they wait for us. grpc-js has that option for clients
 * only, so the sessions are met where Node tells of their streams. It bounds nothing: whatever is called there must bound what a
 * peer may send by itself, as reads of output do by their credit. Returns what ends it.
 */
export function widenReceiveWindow(paths: readonly string[]): () => void {
  const widened = new WeakSet<Http2Session>();
  const created = (message: unknown): void => {
    const { stream, headers } = message as StreamCreated;
    const { session } = stream;
    if (!paths.includes(String(headers[':path'])) || !session || session.destroyed || widened.has(session)) return;
    widened.add(session);
    session.setLocalWindowSize(windowBytes);
    session.settings({ initialWindowSize: windowBytes });
  };
  subscribe(streamCreated, created);
  return () => unsubscribe(streamCreated, created);
}

const streamCreated = 'http2.server.stream.created';
