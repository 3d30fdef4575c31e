import type { ExecutionResult } from '../../proto/gen/muster/v1/ExecutionResult.ts';
import type { Metrics } from '../metrics.ts';
import { grpcCodeName } from './grpc-code-name.ts';

/** What a replica counts. Durations come in ms and are exported in seconds. */
export interface ReplicaMetrics {
  jobSubmitted(): void;
  /** `reason` as in the job's closing reason: `done`, `cancelled`, `max-errors`, `superseded`, `deadline`. */
  jobClosed(reason: string): void;
  /** Jobs that this replica coordinates now. */
  openJobs(count: number): void;
  /** A client asked for a cancel. */
  cancelRequested(): void;
  /** A terminal result, once an execution. `submittedUnixMs` is its job's. */
  executionFinished(result: FinishedExecution, submittedUnixMs: number): void;
  /** Whether this replica is the leader. */
  leader(leading: boolean): void;
  /** Sessions open on this replica now. */
  sessions(count: number): void;
  /** Reasons are words such as `replaced`, `hung-up`, `drain`; other texts count as `other`. */
  sessionEnded(reason: string): void;
  /** An agent was turned away; `reason` as in the catalog of errors: `TOO_MANY`, `STORE_UNAVAILABLE`, … */
  sessionRefused(reason: string): void;
  /** Connections of the gRPC listener that no call was made on yet: let through, and in line. */
  handshakes(unfinished: number, waiting: number): void;
  /** A connection was closed before a call was made on it: `line-full`, `timed-out`. */
  handshakeRefused(reason: string): void;
  /** Other replicas that this one has a live link with. */
  peersLinked(count: number): void;
  outputRelayed(bytes: number): void;
  /** A transaction was answered or failed. */
  storeCommit(outcome: 'committed' | 'compare-failed' | 'failed', durationMs: number): void;
  /** `method` as grpc-js has it (`/muster.v1.JobService/Submit`), `code` the gRPC status. */
  rpc(call: { readonly method: string; readonly code: number; readonly durationMs: number }): void;
}

/** What of a result is counted. */
export type FinishedExecution = Pick<
  ExecutionResult,
  'state' | 'reason' | 'exitCode' | 'signal' | 'startedUnixMs' | 'durationMs'
>;

const bounds = {
  rpcSeconds: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60],
  storeSeconds: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2],
  startSeconds: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30, 300, 3600],
  runSeconds: [0.01, 0.05, 0.1, 0.5, 1, 5, 15, 60, 300, 1800, 3600, 21_600, 86_400],
};

/** Makes every metric of a replica; once a `Metrics`. */
export function createReplicaMetrics(metrics: Metrics): ReplicaMetrics {
  const submitted = metrics.counter('muster_jobs_submitted_total', { help: 'Jobs submitted here.' });
  const closed = metrics.counter('muster_jobs_closed_total', {
    help: 'Jobs closed by this coordinator, by reason.',
    labels: ['reason'],
  });
  const open = metrics.gauge('muster_jobs_open', { help: 'Jobs this replica coordinates.' });
  const cancels = metrics.counter('muster_jobs_cancels_total', { help: 'Cancels asked for.' });
  const timeouts = metrics.counter('muster_jobs_timeouts_total', {
    help: 'Promises that ran out: delivery (never started), execution (stopped by its timeout), job (closed at its deadline).',
    labels: ['kind'],
  });
  const finished = metrics.counter('muster_executions_finished_total', {
    help: 'Executions that came to an end, by state and cause.',
    labels: ['state', 'cause'],
  });
  const running = metrics.histogram('muster_executions_duration_seconds', {
    help: 'Running time of executions that started, by state.',
    labels: ['state'],
    bounds: bounds.runSeconds,
  });
  const starting = metrics.histogram('muster_executions_start_latency_seconds', {
    help: 'From the submission of the job to the start of the command, by the clocks of replica and node.',
    bounds: bounds.startSeconds,
  });
  const leader = metrics.gauge('muster_cluster_leader', { help: '1 on the replica that is the leader, else 0.' });
  const sessions = metrics.gauge('muster_fleet_sessions', { help: 'Sessions open.' });
  const sessionEnds = metrics.counter('muster_fleet_session_ends_total', {
    help: 'Sessions that ended, by reason.',
    labels: ['reason'],
  });
  const refusals = metrics.counter('muster_fleet_sessions_refused_total', {
    help: 'Agents turned away, by reason.',
    labels: ['reason'],
  });
  const handshakes = metrics.gauge('muster_fleet_handshakes', {
    help: 'Connections without a call: let through (unfinished), or in line.',
    labels: ['state'],
  });
  const dropped = metrics.counter('muster_fleet_handshakes_refused_total', {
    help: 'Connections closed before a call was made on them, by reason.',
    labels: ['reason'],
  });
  const linked = metrics.gauge('muster_cluster_peers_linked', { help: 'Other replicas with a live link.' });
  const relayed = metrics.counter('muster_output_relayed_bytes_total', {
    help: 'Output taken in from nodes for its readers.',
  });
  const commits = metrics.histogram('muster_store_commit_seconds', {
    help: 'Transactions of the store, by outcome.',
    labels: ['outcome'],
    bounds: bounds.storeSeconds,
  });
  const calls = metrics.histogram('muster_rpc_duration_seconds', {
    help: 'Calls answered, by method and gRPC code; a stream counts when it ends.',
    labels: ['method', 'code'],
    bounds: bounds.rpcSeconds,
  });

  return {
    jobSubmitted: () => submitted.add({}),
    jobClosed(reason) {
      closed.add({ reason: word(reason) });
      if (reason === 'deadline') timeouts.add({ kind: 'job' });
    },
    openJobs: (count) => open.set({}, count),
    cancelRequested: () => cancels.add({}),
    executionFinished(result, submittedUnixMs) {
      const state = stateWord(result);
      finished.add({ state, cause: cause(result) });
      if (state === 'timed-out') timeouts.add({ kind: 'execution' });
      if (state === 'expired') timeouts.add({ kind: 'delivery' });
      const startedUnixMs = Number(result.startedUnixMs ?? 0);
      if (startedUnixMs === 0) return;
      running.observe({ state }, Number(result.durationMs ?? 0) / 1000);
      // The clocks of two machines: what seems to have started before it was submitted started at once.
      starting.observe({}, Math.max(0, startedUnixMs - submittedUnixMs) / 1000);
    },
    leader: (leading) => leader.set({}, leading ? 1 : 0),
    sessions: (count) => sessions.set({}, count),
    sessionEnded: (reason) => sessionEnds.add({ reason: word(reason) }),
    sessionRefused: (reason) => refusals.add({ reason: word(reason.toLowerCase().replaceAll('_', '-')) }),
    handshakes(unfinished, waiting) {
      handshakes.set({ state: 'unfinished' }, unfinished);
      handshakes.set({ state: 'waiting' }, waiting);
    },
    handshakeRefused: (reason) => dropped.add({ reason: word(reason) }),
    peersLinked: (count) => linked.set({}, count),
    outputRelayed: (bytes) => relayed.add({}, bytes),
    storeCommit: (outcome, durationMs) => commits.observe({ outcome }, durationMs / 1000),
    rpc: ({ method, code, durationMs }) =>
      calls.observe({ method: method.replace(/^\//, ''), code: grpcCodeName(code) }, durationMs / 1000),
  };
}

/** A label value: free texts (error messages, ids) would make a series each. */
const word = (text: string): string => (/^[a-z][a-z0-9-]{0,39}$/.test(text) ? text : 'other');

function stateWord({ state }: FinishedExecution): string {
  const name = typeof state === 'string' ? state.replace(/^EXECUTION_STATE_/, '') : '';
  return word(name.toLowerCase().replaceAll('_', '-'));
}

/** Why it ended so: the agent's reason, else `exit-code` or `signal`, else `none`. */
function cause({ state, reason, exitCode, signal }: FinishedExecution): string {
  if (reason) return word(reason);
  if (state !== 'EXECUTION_STATE_FAILED') return 'none';
  if (signal) return 'signal';
  return exitCode ? 'exit-code' : 'none';
}
