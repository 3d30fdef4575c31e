import { createHash } from 'node:crypto';
import type { ExecutionResult } from '../../proto/gen/muster/v1/ExecutionResult.ts';
import type { ExecutionId, JobId } from '../ids.ts';
import { formatTraceparent, parseTraceparent } from './traceparent.ts';
import type { Tracer } from './tracer.ts';

/** A job, as far as its span goes. */
export interface TracedJob {
  readonly id: JobId;
  /** W3C traceparent that came with the submission; empty = none. */
  readonly traceparent: string;
}

/**
 * The spans of jobs and their executions. Nothing is held while they run: ids follow from the job's and the execution's, the
 * span is made when it is over. So a replica that adopts a job ends the spans that another one's commands already name.
 */
export class JobSpans {
  readonly #tracer: Tracer;

  constructor(options: { tracer: Tracer }) {
    this.#tracer = options.tracer;
  }

  /** What `Start` carries: the execution's span, so that the command becomes its child. The caller's where nothing is recorded. */
  executionTraceparent(job: TracedJob, execution: ExecutionId): string {
    return this.#tracer.recording ? spanTraceparent(job, execution) : job.traceparent;
  }

  /** Call it once for an execution, with its final result. One that never got to a node has no times and no span. */
  executionFinished(job: TracedJob, execution: ExecutionId, node: string, result: ExecutionResult): void {
    const finishedUnixMs = Number(result.finishedUnixMs ?? 0);
    if (!this.#tracer.recording || finishedUnixMs === 0) return;
    const state = String(result.state ?? '').replace(/^EXECUTION_STATE_/, '');
    const span = this.#tracer.startSpan('execution', {
      traceparent: spanTraceparent(job, job.id),
      startUnixMs: Number(result.acceptedUnixMs || result.startedUnixMs || finishedUnixMs),
      ids: { spanId: spanId(execution), traceId: traceId(job) },
      attributes: {
        'job.id': job.id,
        'execution.id': execution,
        'node.id': node,
        'execution.state': state,
        ...(result.reason ? { 'execution.reason': result.reason } : {}),
        ...(result.exitCode !== undefined && result.exitCode !== null ? { 'exit.code': result.exitCode } : {}),
        ...(result.signal ? { 'exit.signal': result.signal } : {}),
      },
    });
    span.end(state === 'SUCCEEDED' ? undefined : result.message || state, finishedUnixMs);
  }

  /** Call it when a job has closed. `failed` counts the executions that did not succeed. */
  jobClosed(
    job: TracedJob,
    end: { submittedUnixMs: number; closedUnixMs: number; reason: string; nodes: number; failed: number },
  ): void {
    if (!this.#tracer.recording) return;
    const span = this.#tracer.startSpan('job', {
      traceparent: job.traceparent,
      startUnixMs: end.submittedUnixMs,
      ids: { spanId: spanId(job.id), traceId: traceId(job) },
      attributes: {
        'job.id': job.id,
        'job.closing_reason': end.reason,
        'job.nodes': end.nodes,
        'job.failed': end.failed,
      },
    });
    const fault = end.failed === 0 ? undefined : `${end.failed} of ${end.nodes} did not succeed`;
    span.end(fault, end.closedUnixMs);
  }
}

/** A job nobody traces begins a trace of its own, under the job's id. */
const traceId = (job: TracedJob): string => parseTraceparent(job.traceparent)?.traceId ?? job.id;

const spanId = (of: JobId | ExecutionId): string => createHash('sha256').update(of).digest('hex').slice(0, 16);

const spanTraceparent = (job: TracedJob, of: JobId | ExecutionId): string =>
  formatTraceparent({
    traceId: traceId(job),
    spanId: spanId(of),
    flags: parseTraceparent(job.traceparent)?.flags ?? 1,
  });
