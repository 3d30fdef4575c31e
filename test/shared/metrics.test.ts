import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Metrics } from '../../shared/metrics.ts';

test('counters, gauges and histograms are rendered as Prometheus reads them', () => {
  const metrics = new Metrics();
  const jobs = metrics.counter('muster_jobs_closed_total', { help: 'Jobs closed.', labels: ['reason'] });
  const sessions = metrics.gauge('muster_fleet_sessions', { help: 'Sessions.' });
  const latency = metrics.histogram('muster_store_commit_seconds', { help: 'Commits.', bounds: [0.1, 1] });
  jobs.add({ reason: 'done' });
  jobs.add({ reason: 'done' }, 2);
  jobs.add({ reason: 'a "b"\\\n' });
  sessions.set({}, 5);
  for (const value of [0.05, 0.1, 0.5, 7]) latency.observe({}, value);
  assert.equal(
    metrics.render(),
    [
      '# HELP muster_jobs_closed_total Jobs closed.',
      '# TYPE muster_jobs_closed_total counter',
      'muster_jobs_closed_total{reason="done"} 3',
      'muster_jobs_closed_total{reason="a \\"b\\"\\\\\\n"} 1',
      '# HELP muster_fleet_sessions Sessions.',
      '# TYPE muster_fleet_sessions gauge',
      'muster_fleet_sessions 5',
      '# HELP muster_store_commit_seconds Commits.',
      '# TYPE muster_store_commit_seconds histogram',
      'muster_store_commit_seconds_bucket{le="0.1"} 2',
      'muster_store_commit_seconds_bucket{le="1"} 3',
      'muster_store_commit_seconds_bucket{le="+Inf"} 4',
      'muster_store_commit_seconds_sum 7.65',
      'muster_store_commit_seconds_count 4',
      '',
    ].join('\n'),
  );
});

test('a metric without labels is there before anything happened', () => {
  const metrics = new Metrics();
  metrics.counter('muster_jobs_submitted_total', { help: 'Jobs.' });
  assert.match(metrics.render(), /^muster_jobs_submitted_total 0$/m);
});

test('a label with endless values costs a bounded number of series', () => {
  const metrics = new Metrics();
  const counter = metrics.counter('muster_rpc_calls_total', { help: 'Calls.', labels: ['method'] });
  for (let at = 0; at < 1000; at += 1) counter.add({ method: `m${at}` });
  const series = metrics
    .render()
    .split('\n')
    .filter((line) => line.startsWith('muster_'));
  assert.equal(series.length, 201);
  assert.equal(series.at(-1), 'muster_rpc_calls_total{method="other"} 800');
});

test('what is read and not kept is asked for at each rendering', () => {
  const metrics = new Metrics();
  const gauge = metrics.gauge('muster_process_open_fds', { help: 'Open.' });
  let now = 1;
  metrics.collect(() => gauge.set({}, now));
  assert.match(metrics.render(), /muster_process_open_fds 1\n/);
  now = 2;
  assert.match(metrics.render(), /muster_process_open_fds 2\n/);
});

test('a wrong name, a name used twice, falling bounds and a falling counter are refused', () => {
  const metrics = new Metrics();
  const counter = metrics.counter('muster_jobs_submitted_total', { help: '' });
  assert.throws(() => metrics.counter('muster_jobs_submitted_total', { help: '' }), /exists already/);
  assert.throws(() => metrics.counter('muster_jobs_submitted', { help: '' }), /_total/);
  assert.throws(() => metrics.gauge('jobs_open', { help: '' }), /muster_<area>/);
  assert.throws(() => metrics.histogram('muster_a_seconds', { help: '', bounds: [2, 1] }), /rise/);
  assert.throws(() => counter.add({}, -1), RangeError);
});
