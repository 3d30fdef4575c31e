import type { Log } from '../shared/log.ts';
import type { ReplicaMetrics } from '../shared/telemetry/replica-metrics.ts';
import type { JobsObserver } from './jobs/jobs.ts';

/** What metrics and the log are told of jobs. */
export function jobsObserver({ count, log }: { count: ReplicaMetrics; log: Log }): JobsObserver {
  return {
    submitted(progress) {
      count.jobSubmitted();
      log.info({ 'job.id': progress.id, 'job.targets': progress.targets.length }, 'job submitted');
    },
    event(progress, index, { finished }) {
      if (finished && progress.resultAt(index) === undefined)
        count.executionFinished(finished, progress.submittedUnixMs);
    },
    cancelled(progress) {
      count.cancelRequested();
      log.info({ 'job.id': progress.id }, 'job cancelled');
    },
    closed(progress) {
      count.jobClosed(progress.reason);
      log.info({ 'job.id': progress.id, reason: progress.reason, ...progress.counts() }, 'job closed');
    },
  };
}
