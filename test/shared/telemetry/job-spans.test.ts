import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { executionId, newJobId, newNodeUid } from '../../../shared/ids.ts';
import { JobSpans } from '../../../shared/telemetry/job-spans.ts';
import { openOtlpTracer } from '../../../shared/telemetry/otlp-tracer.ts';
import { parseTraceparent } from '../../../shared/telemetry/traceparent.ts';
import { noTracer, type Tracer } from '../../../shared/telemetry/tracer.ts';
import { startOtlpCollector } from '../../fixtures/telemetry/otlp-collector.ts';

const caller = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const result = {
  state: 'EXECUTION_STATE_FAILED',
  exitCode: 3,
  acceptedUnixMs: 1000,
  startedUnixMs: 1010,
  finishedUnixMs: 2000,
  message: 'exit status 3',
} as const;
const end = { submittedUnixMs: 900, closedUnixMs: 2100, reason: 'done', nodes: 2, failed: 1 };

async function collector(t: TestContext) {
  const started = await startOtlpCollector();
  t.after(() => started.close());
  // The exporter reads its endpoint from the environment of its process.
  process.env.OTEL_EXPORTER_OTLP_ENDPOINT = started.endpoint;
  const open = (): Tracer =>
    openOtlpTracer({ service: 'replica', version: '1', log: { warn() {}, info() {} }, env: {}, collector: 'test' });
  return { spans: started.spans, open };
}

function newJob(traceparent: string) {
  const id = newJobId();
  return { job: { id, traceparent }, execution: executionId(id, newNodeUid(), 1) };
}

test('a command is the child of its execution, that of its job, that of the caller, whichever replica ends them', async (t) => {
  const { spans, open } = await collector(t);
  const { job, execution } = newJob(caller);
  const [first, second] = [open(), open()];
  const offered = parseTraceparent(new JobSpans({ tracer: first }).executionTraceparent(job, execution));
  const adopter = new JobSpans({ tracer: second });
  adopter.executionFinished(job, execution, 'web-1', result);
  adopter.jobClosed(job, end);
  await Promise.all([first.shutdown(), second.shutdown()]);

  const [jobSpan, executionSpan] = ['job', 'execution'].map((name) => spans.find((span) => span.name === name));
  assert.ok(jobSpan && executionSpan && spans.length === 2);
  const parent = parseTraceparent(caller);
  assert.deepEqual([jobSpan.traceId, jobSpan.parentSpanId], [parent?.traceId, parent?.spanId]);
  assert.deepEqual([executionSpan.traceId, executionSpan.parentSpanId], [parent?.traceId, jobSpan.spanId]);
  assert.deepEqual([offered?.traceId, offered?.spanId], [parent?.traceId, executionSpan.spanId]);
  const ms = (nano: string): number => Number(nano) / 1e6;
  assert.deepEqual([ms(executionSpan.startTimeUnixNano), ms(executionSpan.endTimeUnixNano)], [1000, 2000]);
  assert.deepEqual([ms(jobSpan.startTimeUnixNano), ms(jobSpan.endTimeUnixNano)], [900, 2100]);
  assert.equal(executionSpan.status.message, 'exit status 3');
  assert.equal(jobSpan.status.message, '1 of 2 did not succeed');
});

test('a job that nobody traces has a trace of its own, found by the job’s id', async (t) => {
  const { spans, open } = await collector(t);
  const { job, execution } = newJob('');
  const tracer = open();
  const jobSpans = new JobSpans({ tracer });
  jobSpans.executionFinished(job, execution, 'web-1', { ...result, state: 'EXECUTION_STATE_SUCCEEDED', exitCode: 0 });
  jobSpans.jobClosed(job, { ...end, failed: 0 });
  // Another span has ids of its own.
  tracer.startSpan('other').end();
  await tracer.shutdown();
  const named = (name: string) => spans.find((span) => span.name === name);
  assert.equal(named('job')?.traceId, job.id);
  assert.ok(!named('job')?.parentSpanId);
  assert.equal(named('execution')?.parentSpanId, named('job')?.spanId);
  assert.equal(named('execution')?.status.code ?? 0, 0);
  assert.notEqual(named('other')?.traceId, job.id);
});

test('an execution that never got to a node has no span; one that the caller does not sample neither', async (t) => {
  const { spans, open } = await collector(t);
  const tracer = open();
  const jobSpans = new JobSpans({ tracer });
  const skipped = newJob(caller);
  jobSpans.executionFinished(skipped.job, skipped.execution, 'web-1', { state: 'EXECUTION_STATE_SKIPPED' });
  const unsampled = newJob(caller.replace(/01$/, '00'));
  jobSpans.executionFinished(unsampled.job, unsampled.execution, 'web-1', result);
  jobSpans.jobClosed(unsampled.job, end);
  await tracer.shutdown();
  assert.deepEqual(spans, []);
  assert.match(jobSpans.executionTraceparent(unsampled.job, unsampled.execution), /-00$/);
});

test('where nothing is recorded the caller’s traceparent goes on as it came', () => {
  const jobSpans = new JobSpans({ tracer: noTracer });
  for (const traceparent of [caller, '']) {
    const { job, execution } = newJob(traceparent);
    assert.equal(jobSpans.executionTraceparent(job, execution), traceparent);
    jobSpans.executionFinished(job, execution, 'web-1', result);
    jobSpans.jobClosed(job, end);
  }
});
