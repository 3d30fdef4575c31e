import type { Log } from '../log.ts';

export type SpanAttributes = Readonly<Record<string, string | number | boolean | undefined>>;

export interface SpanOptions {
  /** W3C traceparent of the span that this one is part of; empty or malformed = a trace of its own. */
  readonly traceparent?: string;
  /** Dotted names as in the logs: `job.id`, `node.id`, `execution.id`, `rpc.method`. */
  readonly attributes?: SpanAttributes;
  /** `server` answers a call, `client` makes one, `internal` (default) is neither. */
  readonly kind?: 'internal' | 'server' | 'client';
  /** Unix ms; now, where not given. For what began before it was heard of. */
  readonly startUnixMs?: number;
  /**
   * Ids to take instead of random ones, in hex (16 and 32 digits, not all 0), so that whoever ends the work makes the same span
   * as whoever began it. The trace's id counts only where there is no `traceparent`.
   */
  readonly ids?: { readonly spanId: string; readonly traceId: string };
}

/** A piece of work with a beginning and an end. Lives until `end`; one that is never ended is never exported. */
export interface Span {
  /** To be handed to whatever works on behalf of this span; what was handed in where nothing is recorded. */
  readonly traceparent: string;
  setAttribute(name: string, value: string | number | boolean): void;
  /** Ends it, as failed where an error is given. Only the first call counts. */
  end(error?: unknown, endUnixMs?: number): void;
}

/** Makes spans by hand: one for each RPC, job and execution. */
export interface Tracer {
  /** Spans go somewhere. */
  readonly recording: boolean;
  startSpan(name: string, options?: SpanOptions): Span;
  /** Sends what is still held, for at most 5 s. Never rejects. */
  shutdown(): Promise<void>;
}

/** Records nothing, costs nothing, and passes an incoming traceparent on as it came. */
export const noTracer: Tracer = {
  recording: false,
  startSpan: (_name, options) => ({ traceparent: options?.traceparent ?? '', setAttribute() {}, end() {} }),
  shutdown: async () => {},
};

export interface TracerOptions {
  /** `service.name` of what is exported, for example `muster-replica`; `OTEL_SERVICE_NAME` wins. */
  readonly service: string;
  readonly version: string;
  readonly log: Pick<Log, 'warn' | 'info'>;
  /** The OpenTelemetry variables: endpoint, headers, timeout, compression and certificates are read by the exporter. */
  readonly env: Readonly<Record<string, string | undefined>>;
}
