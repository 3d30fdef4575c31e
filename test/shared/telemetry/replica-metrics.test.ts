import assert from 'node:assert/strict';
import { test } from 'node:test';
import { status } from '@grpc/grpc-js';
import { Metrics } from '../../../shared/metrics.ts';
import { watchProcess } from '../../../shared/telemetry/process-metrics.ts';
import { createReplicaMetrics } from '../../../shared/telemetry/replica-metrics.ts';

function setUp() {
  const metrics = new Metrics();
  return {
    metrics,
    replica: createReplicaMetrics(metrics),
    has: async (line: string) => assert.ok((await metrics.render()).split('\n').includes(line), line),
  };
}

test('an execution counts by state and cause, with its running time and how long it took to start', async () => {
  const { replica, has } = setUp();
  const started = { startedUnixMs: 10_500, durationMs: 200 };
  replica.executionFinished({ state: 'EXECUTION_STATE_SUCCEEDED', exitCode: 0, ...started }, 10_000);
  replica.executionFinished({ state: 'EXECUTION_STATE_FAILED', exitCode: 3, ...started }, 10_000);
  replica.executionFinished({ state: 'EXECUTION_STATE_FAILED', signal: 9, ...started }, 10_000);
  replica.executionFinished({ state: 'EXECUTION_STATE_FAILED', reason: 'spawn' }, 10_000);
  replica.executionFinished({ state: 'EXECUTION_STATE_INTERRUPTED', reason: 'reboot', ...started }, 11_000);
  await has('muster_executions_finished_total{state="succeeded",cause="none"} 1');
  await has('muster_executions_finished_total{state="failed",cause="exit-code"} 1');
  await has('muster_executions_finished_total{state="failed",cause="signal"} 1');
  await has('muster_executions_finished_total{state="failed",cause="spawn"} 1');
  await has('muster_executions_finished_total{state="interrupted",cause="reboot"} 1');
  await has('muster_executions_duration_seconds_count{state="failed"} 2');
  await has('muster_executions_duration_seconds_bucket{state="succeeded",le="0.1"} 0');
  await has('muster_executions_duration_seconds_bucket{state="succeeded",le="0.5"} 1');
  await has('muster_executions_start_latency_seconds_bucket{le="0.25"} 1');
  await has('muster_executions_start_latency_seconds_count 4');
});

test('the three kinds of timeout are told apart', async () => {
  const { replica, has } = setUp();
  replica.executionFinished({ state: 'EXECUTION_STATE_TIMED_OUT', startedUnixMs: 2, durationMs: 1 }, 1);
  replica.executionFinished({ state: 'EXECUTION_STATE_EXPIRED' }, 1);
  replica.jobClosed('deadline');
  replica.jobClosed('done');
  for (const kind of ['execution', 'delivery', 'job']) await has(`muster_jobs_timeouts_total{kind="${kind}"} 1`);
  await has('muster_jobs_closed_total{reason="done"} 1');
});

test('reasons are words: an error text or an id does not make a series', async () => {
  const { replica, has } = setUp();
  replica.sessionEnded('replaced');
  replica.sessionEnded('read ECONNRESET 10.0.0.1:1234');
  replica.executionFinished({ state: 'EXECUTION_STATE_REJECTED', reason: `job ${'ab'.repeat(16)}` }, 1);
  await has('muster_fleet_session_ends_total{reason="replaced"} 1');
  await has('muster_fleet_session_ends_total{reason="other"} 1');
  await has('muster_executions_finished_total{state="rejected",cause="other"} 1');
});

test('calls count by method and the name of their code, commits by outcome', async () => {
  const { replica, has } = setUp();
  replica.rpc({ method: '/muster.v1.JobService/Get', code: status.NOT_FOUND, durationMs: 3 });
  replica.rpc({ method: '/muster.v1.JobService/Get', code: 999, durationMs: 3 });
  replica.storeCommit('committed', 2);
  replica.storeCommit('failed', 2000);
  await has('muster_rpc_duration_seconds_bucket{method="muster.v1.JobService/Get",code="NOT_FOUND",le="0.005"} 1');
  await has('muster_rpc_duration_seconds_count{method="muster.v1.JobService/Get",code="UNKNOWN"} 1');
  await has('muster_store_commit_seconds_count{outcome="committed"} 1');
  await has('muster_store_commit_seconds_bucket{outcome="failed",le="1"} 0');
});

test('gauges and plain counters hold what they were told', async () => {
  const { replica, has } = setUp();
  replica.jobSubmitted();
  replica.openJobs(2);
  replica.cancelRequested();
  replica.sessions(7);
  replica.outputRelayed(65_536);
  await has('muster_jobs_submitted_total 1');
  await has('muster_jobs_open 2');
  await has('muster_jobs_cancels_total 1');
  await has('muster_fleet_sessions 7');
  await has('muster_output_relayed_bytes_total 65536');
});

test('a process tells its memory, CPU time and how late its event loop was', async (t) => {
  const metrics = new Metrics();
  t.after(watchProcess(metrics));
  const text = await metrics.render();
  const value = (name: string): number => {
    const line = text.split('\n').find((candidate) => candidate.startsWith(`${name} `));
    return Number(line?.split(' ')[1]);
  };
  assert.ok(value('muster_process_resident_bytes') > 1e6);
  assert.ok(value('muster_process_cpu_seconds_total') > 0);
  assert.ok(value('muster_process_event_loop_lag_seconds{quantile="0.99"}') >= 0);
});

test('who was turned away, connections without a call and linked peers are counted', async () => {
  const { replica, has } = setUp();
  replica.sessionRefused('TOO_MANY');
  replica.handshakes(3, 5);
  replica.handshakeRefused('line-full');
  replica.peersLinked(2);
  await has('muster_fleet_sessions_refused_total{reason="too-many"} 1');
  await has('muster_fleet_handshakes{state="unfinished"} 3');
  await has('muster_fleet_handshakes{state="waiting"} 5');
  await has('muster_fleet_handshakes_refused_total{reason="line-full"} 1');
  await has('muster_cluster_peers_linked 2');
});
