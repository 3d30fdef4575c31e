import type { CancelRequest__Output } from '../../proto/gen/muster/v1/CancelRequest.ts';
import type { Execution } from '../../proto/gen/muster/v1/Execution.ts';
import type { Job } from '../../proto/gen/muster/v1/Job.ts';
import type { JobServiceHandlers } from '../../proto/gen/muster/v1/JobService.ts';
import type { ReadOutputRequest__Output } from '../../proto/gen/muster/v1/ReadOutputRequest.ts';
import type { ReadOutputResponse } from '../../proto/gen/muster/v1/ReadOutputResponse.ts';
import type { RunRequest__Output } from '../../proto/gen/muster/v1/RunRequest.ts';
import type { WatchEvent } from '../../proto/gen/muster/v1/WatchEvent.ts';
import { invalidField, MusterError } from '../../shared/errors.ts';
import { type ExecutionId, isJobId, type JobId } from '../../shared/ids.ts';
import { planRoot } from '../../shared/merkle.ts';
import { maxGraceMs } from '../../shared/order/limits.ts';
import { buildOrder } from '../../shared/order.ts';
import type { Clock } from '../../shared/time.ts';
import type { Directory } from '../fleet/directory.ts';
import type { JobFacts } from '../jobs/end-counts.ts';
import type { JobCancels } from '../jobs/job-cancels.ts';
import type { Jobs } from '../jobs/jobs.ts';
import { plan } from '../jobs/plan.ts';
import type { JobProgress } from '../jobs/progress.ts';
import { isTerminal } from '../jobs/states.ts';
import type { NodeAbsence } from '../jobs/views/away-nodes.ts';
import type { JobViews } from '../jobs/views/job-views.ts';
import type { Resume } from '../jobs/views/relay.ts';
import { Watcher } from '../jobs/views/watch.ts';
import { executionMessage, executionsBytes, executionWeight, jobMessage } from '../jobs/wire.ts';
import type { Outputs } from '../output/outputs.ts';
import type { CallContext, Handlers } from './handlers.ts';
import { listJobs } from './list-jobs.ts';
import { badPageToken, pageSize } from './page.ts';
import { readOutput } from './read-output.ts';
import { resumePoints } from './resume.ts';

export interface JobServiceOptions {
  readonly handlers: Handlers;
  readonly directory: Directory;
  readonly jobs: Jobs;
  readonly views: JobViews;
  readonly cancels: JobCancels;
  readonly nodes: NodeAbsence;
  readonly outputs: Outputs;
  readonly clock: Clock;
}

const nodesAPage = 1000;
const maxSignal = 64;

/** `JobService`: translates, calls, translates back. */
export function jobService(options: JobServiceOptions): JobServiceHandlers {
  const { handlers, directory, jobs, views, cancels, nodes, outputs, clock } = options;
  const nodeAway = (uid: string): boolean => nodes.isAway(uid);
  const message = (progress: JobFacts) => jobMessage(progress, views.coordinatorOf(progress));
  const watch = async (
    id: JobId,
    request: { withoutOutput: boolean; resume: ReadonlyMap<ExecutionId, Resume> },
    send: (event: WatchEvent, bytes?: number) => Promise<void>,
    signal: AbortSignal,
  ): Promise<void> => {
    const { progress, release } = await views.follow(id, signal);
    const watcher = new Watcher({
      progress,
      outputs: request.withoutOutput ? undefined : outputs,
      resume: request.resume,
      nodes,
      clock,
      coordinator: () => views.coordinatorOf(progress),
      send,
      signal,
    });
    await watcher.run().finally(release);
  };
  return {
    Plan: handlers.serverStream(async ({ target }, send) => {
      const nodes = plan(directory, target);
      for (let from = 0; from < nodes.length; from += nodesAPage) {
        await send({ nodes: nodes.slice(from, from + nodesAPage), total: nodes.length });
      }
    }),
    Submit: handlers.unary(async ({ order, targets, signature, stdin, traceparent }, context) => {
      const parent = traceparent || context.traceparent;
      const submission = {
        orderBytes: Buffer.from(order),
        targets,
        signature: Buffer.from(signature),
        stdin: Buffer.from(stdin),
        traceparent: parent,
      };
      const { progress, existed } = await jobs.submit(submission);
      return { job: message(progress), existed };
    }),
    Run: handlers.serverStream(async (request, send, context) => {
      const { id } = await submitRun(options, request, context);
      const resume = new Map<ExecutionId, Resume>();
      const { withoutOutput } = request;
      await watch(id, { withoutOutput, resume }, (event, bytes) => send({ event }, bytes), context.signal);
    }),
    Watch: handlers.serverStream(async (request, send, { signal }) => {
      const { withoutOutput } = request;
      const resume = resumePoints(request.resume);
      await watch(jobId(request.jobId), { withoutOutput, resume }, (event, bytes) => send({ event }, bytes), signal);
    }),
    GetJob: handlers.unary(async (request, { signal }) => {
      const facts = await views.facts(jobId(request.jobId), signal);
      if (!facts) throw unknownJob(request.jobId);
      return { job: message(facts), ...facts.signed };
    }),
    ListJobs: handlers.unary(async (request) => {
      const { jobs: listed, nextPageToken } = await listJobs(views, request);
      return { jobs: listed.map(message), nextPageToken };
    }),
    ListExecutions: handlers.unary(async (request, { signal }) => {
      const progress = await existing(views, request.jobId, signal);
      const limit = pageSize(request.pageSize, 500);
      if (!/^[0-9]{0,6}$/.test(request.pageToken)) throw badPageToken();
      const start = Number(request.pageToken);
      const executions: Execution[] = [];
      let bytes = 0;
      let next = start;
      for (; next < progress.targets.length && executions.length < limit; next += 1) {
        const execution = executionMessage(progress, next, nodeAway);
        bytes += executionWeight(execution);
        if (executions.length > 0 && bytes > executionsBytes) break;
        executions.push(execution);
      }
      return { executions, nextPageToken: next < progress.targets.length ? String(next) : '' };
    }),
    Cancel: handlers.unary(async (request, { signal }) => {
      const cancel = cancelOptions(request);
      const id = jobId(request.jobId);
      await cancels.cancel(id, cancel, signal);
      return { job: await cancelled(views, id, message, signal) };
    }),
    ReadOutput: handlers.serverStream<ReadOutputRequest__Output, ReadOutputResponse>(
      async (request, send, { signal }) => {
        // Output comes from the node itself: nobody is waited for who has only states to tell.
        const { progress, release } = await views.follow(jobId(request.jobId), signal);
        const live = views.isLive(progress);
        release();
        await readOutput(
          { progress, request, live, outputs, nodes, clock, isOver: (state) => isTerminal(state), signal },
          (chunk) => send({ chunk }, chunk.data?.length ?? 0),
        );
      },
    ),
  };
}

function jobId(text: string): JobId {
  if (!isJobId(text)) throw invalidField('job_id', 'must be 32 lower-case hex digits');
  return text;
}

async function existing(views: JobViews, id: string, signal: AbortSignal): Promise<JobProgress> {
  const progress = await views.snapshot(jobId(id), signal);
  if (!progress) throw unknownJob(id);
  return progress;
}

/** The job behind a cancel that was taken; little of it while the store is away. */
async function cancelled(
  views: JobViews,
  id: JobId,
  message: (facts: JobFacts) => Job,
  signal: AbortSignal,
): Promise<Job> {
  try {
    return message(await existing(views, id, signal));
  } catch (error) {
    if (!(error instanceof MusterError) || error.reason !== 'STORE_UNAVAILABLE') throw error;
    return { id, state: 'JOB_STATE_CANCELLING', coordinator: views.coordinatorOf({ id, state: 'cancelling' }) };
  }
}

function unknownJob(id: string): MusterError {
  return new MusterError('UNKNOWN_JOB', `no job ${id}`, { field: 'job_id' });
}

function cancelOptions({ signal, graceMs }: CancelRequest__Output): { signal: number; graceMs: number | undefined } {
  if (signal > maxSignal) throw invalidField('signal', `${signal} is no signal; 0 to ${maxSignal}`);
  if (graceMs !== undefined && graceMs > maxGraceMs)
    throw invalidField('grace_ms', `${graceMs} is more than ${maxGraceMs}`);
  return { signal, graceMs };
}

/** Plan and order in one, unsigned: for people with grpcurl. */
async function submitRun(
  options: JobServiceOptions,
  request: RunRequest__Output,
  context: CallContext,
): Promise<JobProgress> {
  const { spec } = request;
  if (!spec?.command) throw invalidField('spec.command', 'is required');
  const nodes = plan(options.directory, request.target);
  const uids = nodes.map((node) => node.uid);
  const stdin = Buffer.from(request.stdin);
  const { bytes } = buildOrder({
    ...(request.id !== '' && { id: request.id }),
    command: spec.command,
    plan: { root: planRoot(uids), count: uids.length },
    selector: request.target?.selector ?? '',
    stdin,
    limits: spec.limits,
    rollout: spec.rollout,
    createdUnixMs: options.clock.now(),
    deliverWithinMs: spec.deliverWithinMs,
  });
  const empty = Buffer.alloc(0);
  const submission = { orderBytes: bytes, targets: uids, signature: empty, stdin, traceparent: context.traceparent };
  return (await options.jobs.submit(submission)).progress;
}
