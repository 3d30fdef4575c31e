import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { execa } from 'execa';
import { parseTraceparent } from '../../../shared/telemetry/traceparent.ts';
import { openTracer } from '../../../shared/telemetry.ts';
import { startOtlpCollector } from '../../fixtures/telemetry/otlp-collector.ts';

const program = join(import.meta.dirname, '../../fixtures/telemetry/traced-program.ts');
const incoming = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

interface Printed {
  recording: boolean;
  job: string;
  execution: string;
  loaded: number;
}

async function runTraced(
  env: Record<string, string>,
  traceparent = incoming,
): Promise<{ printed: Printed; log: string }> {
  const done = await execa(process.execPath, [program, traceparent], {
    extendEnv: false,
    env: { PATH: process.env.PATH ?? '', ...env },
    stdin: 'ignore',
    timeout: 60_000,
  });
  return { printed: JSON.parse(done.stdout) as Printed, log: done.stderr };
}

async function collector(t: TestContext): ReturnType<typeof startOtlpCollector> {
  const started = await startOtlpCollector();
  t.after(() => started.close());
  return started;
}

test('without an endpoint nothing is loaded and an incoming traceparent passes through unchanged', async () => {
  const { printed } = await runTraced({});
  assert.deepEqual(printed, { recording: false, job: incoming, execution: incoming, loaded: 0 });
  const switchedOff = await runTraced(
    { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1', OTEL_SDK_DISABLED: 'true' },
    '',
  );
  assert.deepEqual(switchedOff.printed, { recording: false, job: '', execution: '', loaded: 0 });
});

test('spans arrive at the collector with their parents, times, attributes and errors', async (t) => {
  const { endpoint, spans } = await collector(t);
  const { printed } = await runTraced({ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint });
  assert.ok(printed.recording && printed.loaded > 0);
  const job = spans.find(({ name }) => name === 'job');
  const execution = spans.find(({ name }) => name === 'execution');
  assert.ok(job && execution && spans.length === 2);

  const parent = parseTraceparent(incoming);
  assert.deepEqual([job.traceId, job.parentSpanId], [parent?.traceId, parent?.spanId]);
  assert.deepEqual([execution.traceId, execution.parentSpanId], [parent?.traceId, job.spanId]);
  assert.equal(parseTraceparent(printed.job)?.spanId, job.spanId);
  assert.equal(parseTraceparent(printed.execution)?.spanId, execution.spanId);

  assert.deepEqual([job.service, job.kind], ['traced', 2]);
  assert.deepEqual([Number(execution.startTimeUnixNano) / 1e6, Number(execution.endTimeUnixNano) / 1e6], [1000, 3500]);
  assert.deepEqual(execution.attributes, [
    { key: 'execution.id', value: { stringValue: 'e1' } },
    { key: 'attempt', value: { intValue: 1 } },
    { key: 'exit.code', value: { intValue: 3 } },
  ]);
  assert.deepEqual([execution.status.code, execution.status.message], [2, 'exit status 3']);
});

test('a trace that the caller does not record is not recorded, and its id still goes on', async (t) => {
  const { endpoint, spans } = await collector(t);
  const { printed } = await runTraced({ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint }, `${incoming.slice(0, -1)}0`);
  assert.equal(parseTraceparent(printed.execution)?.traceId, parseTraceparent(incoming)?.traceId);
  assert.equal(parseTraceparent(printed.execution)?.flags, 0);
  assert.deepEqual(spans, []);
});

test('a malformed traceparent begins a trace of its own', async (t) => {
  const { endpoint, spans } = await collector(t);
  await runTraced({ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_SERVICE_NAME: 'mine' }, 'garbage');
  const job = spans.find(({ name }) => name === 'job');
  assert.ok(job && !job.parentSpanId);
  assert.equal(job.service, 'mine');
});

test('a collector that is away is said in the log and ends nothing', async () => {
  const { endpoint, close } = await startOtlpCollector();
  await close();
  const { log } = await runTraced({ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_EXPORTER_OTLP_TIMEOUT: '500' });
  assert.match(log, /spans are lost: the collector did not take them/);
});

test('an endpoint that is no URL is an error that names the variable', async () => {
  const log = { warn() {}, info() {} };
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4318:x' };
  await assert.rejects(openTracer({ service: 's', version: '1', log, env }), {
    field: 'OTEL_EXPORTER_OTLP_ENDPOINT',
    message: /http:\/\/ or https:\/\//,
  });
});
