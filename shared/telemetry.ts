import { invalidField } from './errors.ts';
import { noTracer, type Tracer, type TracerOptions } from './telemetry/tracer.ts';

export type { Span, SpanAttributes, SpanOptions, Tracer, TracerOptions } from './telemetry/tracer.ts';

/**
 * The program's tracer: exports over OTLP/HTTP where `OTEL_EXPORTER_OTLP_ENDPOINT` or `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT` is
 * set and `OTEL_SDK_DISABLED` is not; otherwise `noTracer`, without loading anything. Rejects with INVALID_FIELD where the
 * variable is no URL.
 */
export async function openTracer(options: TracerOptions): Promise<Tracer> {
  const { env } = options;
  if (env.OTEL_SDK_DISABLED === 'true' || env.OTEL_TRACES_EXPORTER === 'none') return noTracer;
  const variable = endpointVariables.find((name) => env[name]);
  if (variable === undefined) return noTracer;
  const endpoint = URL.parse(env[variable] ?? '');
  if (endpoint === null || !/^https?:$/.test(endpoint.protocol)) {
    throw invalidField(variable, 'must be the URL of an OTLP/HTTP collector, with http:// or https://');
  }
  const { openOtlpTracer } = await import('./telemetry/otlp-tracer.ts');
  return openOtlpTracer({ ...options, collector: endpoint.host });
}

const endpointVariables = ['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', 'OTEL_EXPORTER_OTLP_ENDPOINT'] as const;
