import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { execa } from 'execa';
import { Metrics } from '../../shared/metrics.ts';

test('counters, gauges and histograms are rendered as Prometheus reads them, under their own names and nothing beside', async () => {
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
    await metrics.render(),
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
      'muster_store_commit_seconds_count 4',
      'muster_store_commit_seconds_sum 7.65',
      'muster_store_commit_seconds_bucket{le="0.1"} 2',
      'muster_store_commit_seconds_bucket{le="1"} 3',
      'muster_store_commit_seconds_bucket{le="+Inf"} 4',
      '',
    ].join('\n'),
  );
});

test('a counter without labels is there before anything happened', async () => {
  const metrics = new Metrics();
  metrics.counter('muster_jobs_submitted_total', { help: 'Jobs.' });
  assert.match(await metrics.render(), /^muster_jobs_submitted_total 0$/m);
});

test('a label with endless values costs a bounded number of series, however often they are read', async () => {
  const metrics = new Metrics();
  const counter = metrics.counter('muster_rpc_calls_total', { help: 'Calls.', labels: ['method'] });
  for (let at = 0; at < 1000; at += 1) {
    counter.add({ method: `m${at}` });
    if (at % 100 === 0) await metrics.render();
  }
  const series = (await metrics.render()).split('\n').filter((line) => line.startsWith('muster_'));
  assert.equal(series.length, 201);
  assert.equal(series.at(-1), 'muster_rpc_calls_total{method="other"} 800');
});

test('what is read and not kept is asked for at each rendering', async () => {
  const metrics = new Metrics();
  const gauge = metrics.gauge('muster_process_open_fds', { help: 'Open.' });
  let now = 1;
  metrics.collect(() => gauge.set({}, now));
  assert.match(await metrics.render(), /muster_process_open_fds 1\n/);
  now = 2;
  assert.match(await metrics.render(), /muster_process_open_fds 2\n/);
});

test('a gauge follows when the clock is set back, and stays when nobody sets it', async (t) => {
  t.mock.timers.enable({ apis: ['Date'], now: 3_600_000 });
  const metrics = new Metrics();
  const gauge = metrics.gauge('muster_fleet_sessions', { help: 'Sessions.' });
  gauge.set({}, 5);
  await metrics.render();
  t.mock.timers.setTime(1000);
  gauge.set({}, 6);
  assert.match(await metrics.render(), /^muster_fleet_sessions 6$/m);
  assert.match(await metrics.render(), /^muster_fleet_sessions 6$/m);
});

test('two who read at the same time both get everything', async () => {
  const metrics = new Metrics();
  metrics.gauge('muster_fleet_sessions', { help: 'Sessions.' }).set({}, 5);
  const [one, other] = await Promise.all([metrics.render(), metrics.render()]);
  assert.match(one, /^muster_fleet_sessions 5$/m);
  assert.equal(other, one);
});

test('what fails while it is read fails that rendering only', async () => {
  const metrics = new Metrics();
  const counter = metrics.counter('muster_jobs_submitted_total', { help: 'Jobs.' });
  let broken = true;
  metrics.collect(() => {
    if (broken) throw new Error('broken');
  });
  counter.add({});
  await assert.rejects(metrics.render(), /broken/);
  broken = false;
  assert.match(await metrics.render(), /^muster_jobs_submitted_total 1$/m);
});

test('only the replica loads OpenTelemetry to keep its numbers', async () => {
  const here = import.meta.dirname;
  const loads = async (program: string, ...more: string[]): Promise<boolean> => {
    const recorder = join(here, '../fixtures/telemetry/loaded-packages.ts');
    const args = ['--import', recorder, join(here, '../..', program), ...more, '--help'];
    const { stderr } = await execa(process.execPath, args, {
      extendEnv: false,
      env: { PATH: process.env.PATH ?? '' },
      stdin: 'ignore',
      timeout: 60_000,
      reject: false,
    });
    const [, packages = ''] = /^loaded: (.*)$/m.exec(stderr) ?? assert.fail(stderr);
    return packages.includes('@opentelemetry/');
  };
  assert.equal(await loads('server/main.ts'), true);
  assert.equal(await loads('agent/main.ts'), false);
  assert.equal(await loads('cli/main.ts', 'run'), false);
});

test('a wrong name, a name used twice and a falling counter are refused', () => {
  const metrics = new Metrics();
  const counter = metrics.counter('muster_jobs_submitted_total', { help: '' });
  assert.throws(() => metrics.counter('muster_jobs_submitted_total', { help: '' }), /exists already/);
  assert.throws(() => metrics.counter('muster_jobs_submitted', { help: '' }), /_total/);
  assert.throws(() => metrics.gauge('jobs_open', { help: '' }), /muster_<area>/);
  assert.throws(() => counter.add({}, -1), RangeError);
  assert.deepEqual(metrics.names, ['muster_jobs_submitted_total']);
});
