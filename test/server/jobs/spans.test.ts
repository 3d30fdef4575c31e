import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { execa } from 'execa';
import { eventually } from '../../harness/agent-connection.ts';
import { ProcessCluster } from '../../harness/process-cluster.ts';

interface OtlpSpan {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
}

const root = join(import.meta.dirname, '../../..');

test('one trace leads from the client over the job and its execution to the command', async () => {
  const spans: OtlpSpan[] = [];
  const receiver = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      for (const resource of JSON.parse(body).resourceSpans) {
        for (const scope of resource.scopeSpans) spans.push(...scope.spans);
      }
      response.setHeader('content-type', 'application/json').end('{}');
    });
  });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  const folder = mkdtempSync(join(tmpdir(), 'muster-spans-'));
  const endpoint = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`;
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_BSP_SCHEDULE_DELAY: '50' };
  const cluster = await ProcessCluster.start(1, env);
  try {
    const command = ['run', '--node', 'node-0', '--shell', `echo "$TRACEPARENT" > ${join(folder, 'seen')}`];
    await execa(join(root, 'cli/bin/muster'), command, {
      env: { ...env, MUSTER_SERVER: cluster.address },
      stdin: 'ignore',
    });
    const named = (name: string): OtlpSpan | undefined => spans.find((span) => span.name === name);
    await eventually(() => ['job', 'execution'].every((name) => named(name)), 'the spans of job and execution');
    const [, traceId, spanId] = readFileSync(join(folder, 'seen'), 'utf8').trim().split('-');
    const execution = named('execution');
    const job = named('job');
    assert.equal(execution?.spanId, spanId, 'the command is a child of its execution');
    assert.equal(execution?.parentSpanId, job?.spanId);
    assert.ok(
      spans.some((span) => span.spanId === job?.parentSpanId),
      'the job is a child of what the client did',
    );
    assert.deepEqual([execution?.traceId, job?.traceId], [traceId, traceId]);
    assert.ok(
      spans.some((span) => span.name === 'muster.v1.JobService/Submit'),
      'a span for each call',
    );
  } finally {
    await cluster.close();
    receiver.closeAllConnections();
    receiver.close();
    rmSync(folder, { recursive: true, force: true });
  }
});
