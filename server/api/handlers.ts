import type { handleServerStreamingCall, handleUnaryCall, ServerWritableStream } from '@grpc/grpc-js';
import { toServiceError } from '../../shared/rpc/status.ts';
import { writeMessage } from '../../shared/rpc/write.ts';

/** What is told of every call when it is over: its path, its gRPC status, how long it took, and an error nobody expected. */
export type CallObserver = (call: { method: string; code: number; durationMs: number; unexpected?: unknown }) => void;

/** What a handler may know of its call besides the request. */
export interface CallContext {
  /** Aborts when the client cancels or is gone, or its deadline has passed. */
  readonly signal: AbortSignal;
  /** W3C traceparent of the caller; empty = none. */
  readonly traceparent: string;
}

/** Wraps async handlers once, here: grpc-js lets a rejected one hang and an error in a listener end the process. */
export class Handlers {
  readonly #observe: CallObserver;

  constructor(options: { observe: CallObserver }) {
    this.#observe = options.observe;
  }

  unary<Request, Response>(
    handler: (request: Request, context: CallContext) => Promise<Response>,
  ): handleUnaryCall<Request, Response> {
    return (call, callback) => {
      const started = performance.now();
      const abort = new AbortController();
      call.on('cancelled', () => abort.abort(new Error('the call was cancelled')));
      const traceparent = String(call.metadata.get('traceparent')[0] ?? '');
      const answer = async (): Promise<Response> => handler(call.request, { signal: abort.signal, traceparent });
      answer().then(
        (response) => {
          callback(null, response);
          this.#observe({ method: call.getPath(), code: 0, durationMs: performance.now() - started });
        },
        (error: unknown) => callback(this.#failed(call.getPath(), started, error)),
      );
    };
  }

  serverStream<Request, Response>(
    handler: (request: Request, send: (response: Response) => Promise<void>, context: CallContext) => Promise<void>,
  ): handleServerStreamingCall<Request, Response> {
    return (call: ServerWritableStream<Request, Response>) => {
      const started = performance.now();
      const abort = new AbortController();
      const gone = (): void => abort.abort(new Error('the call was cancelled'));
      call.on('cancelled', gone);
      call.on('close', gone);
      call.on('error', gone);
      const traceparent = String(call.metadata.get('traceparent')[0] ?? '');
      const send = (response: Response): Promise<void> => writeMessage(call, response, abort.signal);
      const answer = async (): Promise<void> => handler(call.request, send, { signal: abort.signal, traceparent });
      answer().then(
        () => {
          call.end();
          this.#observe({ method: call.getPath(), code: 0, durationMs: performance.now() - started });
        },
        (error: unknown) => {
          if (abort.signal.aborted)
            this.#observe({ method: call.getPath(), code: 1, durationMs: performance.now() - started });
          else call.emit('error', this.#failed(call.getPath(), started, error));
        },
      );
    };
  }

  #failed(method: string, started: number, error: unknown): ReturnType<typeof toServiceError> {
    const answer = toServiceError(error);
    const unexpected = answer.code === 13 ? { unexpected: error } : {};
    this.#observe({ method, code: answer.code, durationMs: performance.now() - started, ...unexpected });
    return answer;
  }
}
