import type { Amount__Output } from '../../proto/gen/muster/v1/Amount.ts';
import type { Execution__Output } from '../../proto/gen/muster/v1/Execution.ts';
import type { ExecutionResult__Output } from '../../proto/gen/muster/v1/ExecutionResult.ts';
import type { Job__Output } from '../../proto/gen/muster/v1/Job.ts';
import type { Node__Output } from '../../proto/gen/muster/v1/Node.ts';
import type { OutputSummary__Output } from '../../proto/gen/muster/v1/OutputSummary.ts';
import { stateName } from '../job/execution-states.ts';

/** Times as ISO 8601; null where there is none. */
export const isoTime = (unixMs: number): string | null => (unixMs > 0 ? new Date(unixMs).toISOString() : null);

/** Bytes as text where they are UTF-8, else as base64. */
export interface EncodedBytes {
  readonly encoding: 'utf8' | 'base64';
  readonly data: string;
}

export function encodedBytes(bytes: Buffer): EncodedBytes {
  const text = bytes.toString('utf8');
  if (Buffer.from(text, 'utf8').equals(bytes)) return { encoding: 'utf8', data: text };
  return { encoding: 'base64', data: bytes.toString('base64') };
}

/** An execution as `json`, `yaml` and `jsonl` show it. */
export function executionDocument(execution: Execution__Output) {
  return {
    execution: execution.id,
    node: execution.node,
    nodeUid: execution.nodeUid,
    attempt: execution.attempt,
    state: stateName(execution.state),
    nodeAway: execution.nodeAway,
    undetermined: execution.undetermined,
    started: isoTime(execution.startedUnixMs || (execution.result?.startedUnixMs ?? 0)),
    result: execution.result ? resultDocument(execution.result) : null,
  };
}

function resultDocument(result: ExecutionResult__Output) {
  const { receipt } = result;
  return {
    exitCode: result.exitCode ?? null,
    signal: result.signal ?? null,
    signalInferred: result.signalInferred,
    reason: result.reason,
    message: result.message,
    accepted: isoTime(result.acceptedUnixMs),
    finished: isoTime(result.finishedUnixMs),
    durationMs: result.durationMs,
    overrunMs: result.overrunMs,
    stdout: outputDocument(result.stdout),
    stderr: outputDocument(result.stderr),
    stderrTail: encodedBytes(result.stderrTail),
    containment: result.containment.slice('CONTAINMENT_'.length).toLowerCase(),
    cpuMs: result.cpuMs,
    memoryPeakBytes: result.memoryPeakBytes,
    receipt: receipt && {
      cause: receipt.cause,
      signals: receipt.signals.map(({ signal, afterMs, processes }) => ({ signal, afterMs, processes })),
      timeToExitMs: receipt.timeToExitMs,
      processesLeft: receipt.processesLeft.map(({ pid, name }) => ({ pid, name })),
      complete: receipt.complete,
    },
  };
}

const outputDocument = (summary: OutputSummary__Output | null) => ({
  bytes: summary?.bytes ?? 0,
  digest: summary?.digest.toString('hex') ?? '',
  gaps: (summary?.gaps ?? []).map(({ from, until, reason }) => ({ from, until, reason })),
});

/** A job as `json`, `yaml` and `jsonl` show it. */
export function jobDocument(job: Job__Output) {
  const { order, counts } = job;
  const command = order?.command;
  return {
    job: job.id,
    state: job.state.slice('JOB_STATE_'.length),
    closingReason: job.closingReason,
    counts: Object.fromEntries(countNames.map((name) => [name, counts?.[name] ?? 0])) as Record<CountName, number>,
    submitted: isoTime(job.submittedUnixMs),
    closed: isoTime(job.closedUnixMs),
    deadline: isoTime(job.deadlineUnixMs),
    coordinator: job.coordinator,
    order: {
      selector: order?.selector ?? '',
      nodes: order?.planCount ?? 0,
      argv: command?.argv ?? [],
      shell: command?.shell ?? false,
      // Values may be secrets; the names say what was set.
      env: Object.keys(command?.env ?? {}).sort(),
      workingDirectory: command?.workingDirectory ?? '',
      runAs: command?.runAs ?? '',
      stdinBytes: order?.stdinBytes ?? 0,
      timeoutMs: order?.limits?.timeoutMs ?? 0,
      graceMs: order?.limits?.graceMs ?? null,
      outputBoundBytes: order?.limits?.outputBoundBytes ?? 0,
      maxConcurrency: amountText(order?.rollout?.maxConcurrency),
      maxErrors: amountText(order?.rollout?.maxErrors),
      latestKey: order?.latestKey ?? '',
      lane: order?.lane ? { name: order.lane.name, concurrency: order.lane.concurrency || 1 } : null,
      expires: isoTime(order?.expiresUnixMs ?? 0),
      deliveryDeadline: isoTime(order?.deliveryDeadlineUnixMs ?? 0),
      created: isoTime(order?.createdUnixMs ?? 0),
    },
  };
}

export const countNames = [
  ...(['total', 'pending', 'dispatched', 'running', 'succeeded', 'failed', 'timedOut', 'cancelled'] as const),
  ...(['interrupted', 'expired', 'rejected', 'skipped', 'undetermined'] as const),
];
type CountName = (typeof countNames)[number];

function amountText(amount: Amount__Output | null | undefined): string | null {
  if (!amount) return null;
  return amount.percent !== undefined ? `${amount.percent}%` : String(amount.count ?? 0);
}

/** A node as `json`, `yaml` and `jsonl` show it. */
export const nodeDocument = (node: Node__Output) => ({
  node: node.name,
  uid: node.uid,
  labels: node.labels,
  facts: node.facts,
  cordoned: node.cordoned,
  connected: node.connected,
  replica: node.replica,
  version: node.version,
  registered: isoTime(node.registeredUnixMs),
  lastSeen: isoTime(node.lastSeenUnixMs),
  running: node.runningUnknown ? null : node.running,
});
