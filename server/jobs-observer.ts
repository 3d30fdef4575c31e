import type { Log } from '../shared/log.ts';
import type { JobSpans } from '../shared/telemetry/job-spans.ts';
import type { ReplicaMetrics } from '../shared/telemetry/replica-metrics.ts';
import type { JobsObserver } from './jobs/jobs-options.ts';
import { isServerMade, type StateName } from './jobs/states.ts';

interface Options {
  readonly count: ReplicaMetrics;
  readonly spans: JobSpans;
  readonly log: Log;
}

/** What metrics, traces and the log are told of jobs. */
export function jobsObserver({ count, spans, log }: Options): JobsObserver {
  return {
    submitted(progress) {
      count.jobSubmitted();
      log.info({ 'job.id': progress.id, 'job.targets': progress.targets.length }, 'job submitted');
    },
    finished(progress, index, result) {
      count.executionFinished(result, progress.submittedUnixMs);
      // What never got to a node has no span.
      if (isServerMade(result.state as StateName) && !Number(result.acceptedUnixMs ?? 0)) return;
      spans.executionFinished(progress, progress.executionAt(index), progress.targets[index]?.uid ?? '', result);
    },
    cancelled(progress) {
      count.cancelRequested();
      log.info({ 'job.id': progress.id }, 'job cancelled');
    },
    closed(progress) {
      count.jobClosed(progress.reason);
      const { submittedUnixMs, closedUnixMs, reason } = progress;
      const nodes = progress.targets.length;
      const failed = nodes - progress.count('EXECUTION_STATE_SUCCEEDED');
      spans.jobClosed(progress, { submittedUnixMs, closedUnixMs, reason, nodes, failed });
      log.info({ 'job.id': progress.id, reason: progress.reason, ...progress.counts() }, 'job closed');
    },
    offered: (progress, execution) => spans.executionTraceparent(progress, execution),
  };
}
