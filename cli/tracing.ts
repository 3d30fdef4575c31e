import { openTracer, type Span } from '../shared/telemetry.ts';
import type { CliContext } from './context.ts';
import { cliVersion } from './program-path.ts';

/** Runs within a span of its own, a child of `TRACEPARENT` where that is set; exported only where OTLP is configured. */
export async function withSpan<Value>(
  context: CliContext,
  name: string,
  use: (span: Span) => Promise<Value>,
): Promise<Value> {
  const { env, stderr } = context;
  const warn = (...words: unknown[]): void => {
    const text = words.findLast((word) => typeof word === 'string');
    if (text !== undefined) stderr.write(`muster: ${text}\n`).catch(() => {});
  };
  const tracer = await openTracer({ service: 'muster', version: cliVersion(), env, log: { warn, info: () => {} } });
  const span = tracer.startSpan(name, { kind: 'client', traceparent: env.TRACEPARENT ?? '' });
  try {
    const value = await use(span);
    span.end();
    return value;
  } catch (error) {
    span.end(error);
    throw error;
  } finally {
    await tracer.shutdown();
  }
}
