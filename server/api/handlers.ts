import {
  type handleServerStreamingCall,
  type handleUnaryCall,
  type Metadata,
  type ServerWritableStream,
  type ServiceError,
  status,
} from '@grpc/grpc-js';
import { MessageWindow } from '../../shared/rpc/message-window.ts';
import { toServiceError } from '../../shared/rpc/status.ts';
import type { Tracer } from '../../shared/telemetry/tracer.ts';

/** What is told of every call when it is over: its path, its gRPC status, how long it took, and an error nobody expected. */
export type CallObserver = (call: { method: string; code: number; durationMs: number; unexpected?: unknown }) => void;

/** What a handler may know of its call besides the request. */
export interface CallContext {
  /** Aborts when the client cancels or is gone, or its deadline has passed. */
  readonly signal: AbortSignal;
  /** W3C traceparent of the call's span, or the caller's where nothing is recorded; empty = not traced. */
  readonly traceparent: string;
}

/** Resolves when the next response may come; `bytes` is about what this one weighs, where that is known. */
export type Send<Response> = (response: Response, bytes?: number) => Promise<void>;

/** Wraps async handlers once, here: grpc-js lets a rejected one hang and an error in a listener end the process. */
export class Handlers {
  readonly #observe: CallObserver;
  readonly #tracer: Tracer;

  constructor(options: { observe: CallObserver; tracer: Tracer }) {
    this.#observe = options.observe;
    this.#tracer = options.tracer;
  }

  unary<Request, Response>(
    handler: (request: Request, context: CallContext) => Promise<Response>,
  ): handleUnaryCall<Request, Response> {
    return (call, callback) => {
      const { traceparent, over, failed } = this.#begin(call);
      const abort = new AbortController();
      call.on('cancelled', () => abort.abort(new Error('the call was cancelled')));
      const answer = async (): Promise<Response> => handler(call.request, { signal: abort.signal, traceparent });
      answer().then(
        (response) => {
          callback(null, response);
          over(status.OK);
        },
        (error: unknown) => callback(failed(error)),
      );
    };
  }

  serverStream<Request, Response>(
    handler: (request: Request, send: Send<Response>, context: CallContext) => Promise<void>,
  ): handleServerStreamingCall<Request, Response> {
    return (call: ServerWritableStream<Request, Response>) => {
      const { traceparent, over, failed } = this.#begin(call);
      const abort = new AbortController();
      const gone = (): void => abort.abort(new Error('the call was cancelled'));
      call.on('cancelled', gone);
      call.on('close', gone);
      call.on('error', gone);
      const window = new MessageWindow({ stream: call, signal: abort.signal });
      const send: Send<Response> = (response, bytes) => window.send(response, bytes);
      const answer = async (): Promise<void> => handler(call.request, send, { signal: abort.signal, traceparent });
      answer().then(
        () => {
          call.end();
          over(status.OK);
        },
        (error: unknown) => {
          if (abort.signal.aborted) over(status.CANCELLED);
          else call.emit('error', failed(error));
        },
      );
    };
  }

  /** A call begins: its span, and what is told when it is over. */
  #begin(call: { getPath(): string; metadata: Metadata }): BegunCall {
    const started = performance.now();
    const method = call.getPath();
    const span = this.#tracer.startSpan(method.slice(1), {
      kind: 'server',
      traceparent: String(call.metadata.get('traceparent')[0] ?? ''),
      attributes: { 'rpc.method': method.slice(1) },
    });
    const over = (code: number, unexpected?: unknown): void => {
      const durationMs = performance.now() - started;
      this.#observe({ method, code, durationMs, ...(unexpected !== undefined && { unexpected }) });
      span.end(code === status.OK || code === status.CANCELLED ? undefined : `gRPC status ${code}`);
    };
    const failed = (error: unknown): ServiceError => {
      const answer = toServiceError(error);
      over(answer.code, answer.code === status.INTERNAL ? error : undefined);
      return answer;
    };
    return { traceparent: span.traceparent, over, failed };
  }
}

interface BegunCall {
  readonly traceparent: string;
  readonly over: (code: number) => void;
  /** Tells of the failure; answers what goes over the wire. */
  readonly failed: (error: unknown) => ServiceError;
}
