import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { OutputPiece } from '../../../cli/job/seen.ts';
import { type JsonlRecord, jsonlFields, jsonlReporter } from '../../../cli/render/jsonl.ts';
import { MusterError } from '../../../shared/errors.ts';
import { unavailableReasons } from '../../../shared/unavailable-reasons.ts';
import { executionOf, jobOf } from '../../harness/executions.ts';
import { MemorySink } from '../../harness/memory-sink.ts';

const place = { node: 'web-1', execution: 'x', stream: 'stdout' } as const;

async function recordsOf(pieces: readonly OutputPiece[]): Promise<JsonlRecord[]> {
  const sink = new MemorySink();
  const reporter = jsonlReporter(sink);
  const job = jobOf({ state: 'JOB_STATE_OPEN', order: { command: { argv: ['true'], env: { SECRET: 'x' } } } });
  const receipt = { cause: 'timeout', signals: [{ signal: 15 }], processesLeft: [{ pid: 7, name: 'sleep' }] };
  const execution = executionOf('web-1', {
    state: 'EXECUTION_STATE_TIMED_OUT',
    result: {
      state: 'EXECUTION_STATE_TIMED_OUT',
      receipt,
      stdout: { bytes: 3, gaps: [{ from: 1, until: 2, reason: 'bound' }] },
    },
  });
  await reporter.event({ type: 'job', job });
  await reporter.event({ type: 'job', job });
  await reporter.event({ type: 'execution', execution });
  await reporter.event({ type: 'reconnecting', error: new MusterError('REPLICA_UNAVAILABLE', 'gone'), waitMs: 12.5 });
  for (const piece of pieces) await reporter.event(piece);
  await reporter.finish({ job, executions: [execution] });
  return sink.text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as JsonlRecord);
}

const everyKind: OutputPiece[] = [
  { ...place, type: 'output', offset: 0, data: Buffer.from('abc') },
  { ...place, type: 'gap', offset: 3, until: 9, reason: 'bound' },
  { ...place, type: 'unavailable', offset: 9, reason: 'node-away' },
  { ...place, type: 'end', offset: 9 },
];

test('every record has exactly the fields of its type, in order, and every type comes up', async () => {
  const records = await recordsOf(everyKind);
  for (const record of records) assert.deepEqual(Object.keys(record), jsonlFields[record.type], record.type);
  assert.deepEqual(new Set(records.map(({ type }) => type)), new Set(Object.keys(jsonlFields)));
});

test('the schema is closed below the first level too', async () => {
  const records = await recordsOf([]);
  const summary = records.at(-1);
  assert.ok(summary?.type === 'summary' && summary.job);
  assert.deepEqual(Object.keys(summary.job), jsonlFields.job.slice(1));
  assert.deepEqual(Object.keys(summary.executions[0] ?? {}), jsonlFields.execution.slice(1));
  const { result } = summary.executions[0] ?? {};
  assert.equal(
    Object.keys(result ?? {}).join(),
    'exitCode,signal,signalInferred,reason,message,accepted,finished,durationMs,overrunMs,stdout,stderr,stderrTail,containment,cpuMs,memoryPeakBytes,receipt',
  );
  assert.deepEqual(Object.keys(result?.receipt ?? {}), [
    'cause',
    'signals',
    'timeToExitMs',
    'processesLeft',
    'complete',
  ]);
  assert.deepEqual(Object.keys(result?.stdout ?? {}), ['bytes', 'digest', 'gaps']);
});

test('the document names every record and field', () => {
  const text = readFileSync(join(import.meta.dirname, '../../../docs/jsonl.md'), 'utf8');
  for (const [type, fields] of Object.entries(jsonlFields)) {
    assert.ok(text.includes(`| \`${type}\` |`), type);
    for (const field of fields) assert.match(text, new RegExp(`\`${field}\``), `${type}.${field}`);
  }
});

test('the document names every reason for which output is unavailable, and no other', () => {
  const text = readFileSync(join(import.meta.dirname, '../../../docs/jsonl.md'), 'utf8');
  const [, listed = ''] = text.match(/; `unavailable`: (.*) \|$/m) ?? [];
  const named = Array.from(listed.matchAll(/`([a-z-]+)`/g), ([, reason]) => reason);
  assert.deepEqual(named, [...unavailableReasons]);
});

test('values of the environment are not told, their names are', async () => {
  const [job] = await recordsOf([]);
  assert.ok(job?.type === 'job');
  assert.deepEqual(job.order.env, ['SECRET']);
  assert.doesNotMatch(JSON.stringify(job), /"x"/);
});

test('text stays text where a chunk ends within a character; bytes that are none become base64', async () => {
  const euro = Buffer.from('a€');
  const records = await recordsOf([
    { ...place, type: 'output', offset: 0, data: euro.subarray(0, 2) },
    { ...place, type: 'output', offset: 2, data: euro.subarray(2) },
    { ...place, type: 'output', offset: 4, data: Buffer.from([0xff, 0x00]) },
    { ...place, type: 'output', offset: 6, data: Buffer.from([0xe2]) },
    { ...place, type: 'end', offset: 7 },
  ]);
  const pieces = records.filter((record) => record.type === 'output');
  assert.deepEqual(
    pieces.map(({ offset, bytes, encoding, data }) => [offset, bytes, encoding, data]),
    [
      [0, 1, 'utf8', 'a'],
      [1, 3, 'utf8', '€'],
      [4, 2, 'base64', '/wA='],
      [6, 1, 'base64', '4g=='],
    ],
  );
});

test('a job record comes only when the state changes', async () => {
  const records = await recordsOf([]);
  assert.equal(records.filter(({ type }) => type === 'job').length, 1);
});
