// Loaded only where tracing is configured: the SDK costs tens of MB and a tenth of a second.
import { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  AlwaysOnSampler,
  BatchSpanProcessor,
  ParentBasedSampler,
  RandomIdGenerator,
  type SpanExporter,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import { formatTraceparent, parseTraceparent } from './traceparent.ts';
import type { Span, SpanOptions, Tracer, TracerOptions } from './tracer.ts';

const shutdownMs = 5_000;
// A job of 10,000 nodes may end within a second.
const queuedSpans = 20_000;
const kinds = { internal: SpanKind.INTERNAL, server: SpanKind.SERVER, client: SpanKind.CLIENT } as const;

/** Exports to an OTLP/HTTP collector, in batches, in the background. `collector` is its host and port, for the log. */
export function openOtlpTracer(options: TracerOptions & { readonly collector: string }): Tracer {
  const { service, version, log, env, collector } = options;
  const exporter = reporting(new OTLPTraceExporter(), collector, log);
  const random = new RandomIdGenerator();
  // Taken by the very next span, which is made in the same turn.
  let ids: SpanOptions['ids'];
  const provider = new TracerProvider({
    idGenerator: {
      generateTraceId: () => ids?.traceId ?? random.generateTraceId(),
      generateSpanId: () => ids?.spanId ?? random.generateSpanId(),
    },
    resource: resourceFromAttributes({ 'service.name': env.OTEL_SERVICE_NAME || service, 'service.version': version }),
    sampler: new ParentBasedSampler({ root: new AlwaysOnSampler() }),
    spanProcessors: [new BatchSpanProcessor({ exporter, maxQueueSize: queuedSpans })],
  });
  const tracer = provider.getTracer('muster', version);
  log.info({ 'telemetry.collector': collector }, 'spans are exported over OTLP');

  return {
    recording: true,
    startSpan(
      name,
      { traceparent = '', attributes = {}, kind = 'internal', startUnixMs, ids: given }: SpanOptions = {},
    ): Span {
      ids = given;
      const parent = parseTraceparent(traceparent);
      const context = parent
        ? trace.setSpanContext(ROOT_CONTEXT, { ...parent, traceFlags: parent.flags, isRemote: true })
        : ROOT_CONTEXT;
      const started = startUnixMs === undefined ? {} : { startTime: startUnixMs };
      const span = tracer.startSpan(name, { kind: kinds[kind], attributes: { ...attributes }, ...started }, context);
      const { traceId, spanId, traceFlags } = span.spanContext();
      let ended = false;
      return {
        traceparent: formatTraceparent({ traceId, spanId, flags: traceFlags }),
        setAttribute: (key, value) => void span.setAttribute(key, value),
        end(error, endUnixMs) {
          if (ended) return;
          ended = true;
          if (error !== undefined) {
            const message = error instanceof Error ? error.message : String(error);
            span.setStatus({ code: SpanStatusCode.ERROR, message });
          }
          span.end(endUnixMs);
        },
      };
    },
    async shutdown() {
      const bound = AbortSignal.timeout(shutdownMs);
      const late = new Promise<'late'>((resolve) => bound.addEventListener('abort', () => resolve('late')));
      const outcome = await Promise.race([provider.shutdown().catch((error: unknown) => error), late]);
      if (outcome !== undefined) log.warn({ err: outcome }, 'not all spans were exported before the end');
    },
  };
}

/** The SDK drops what it can't export without a word; this says so when it begins and when it is over. */
function reporting(inner: SpanExporter, collector: string, log: TracerOptions['log']): SpanExporter {
  let failing = false;
  return {
    export(spans, done) {
      inner.export(spans, (result) => {
        const fields = { 'telemetry.collector': collector, 'telemetry.spans': spans.length, err: result.error };
        if (result.code !== 0 && !failing) log.warn(fields, 'spans are lost: the collector did not take them');
        if (result.code === 0 && failing)
          log.info({ 'telemetry.collector': collector }, 'the collector takes spans again');
        failing = result.code !== 0;
        done(result);
      });
    },
    shutdown: () => inner.shutdown(),
    forceFlush: async () => inner.forceFlush?.(),
  };
}
