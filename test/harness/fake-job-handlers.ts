import type { ServerUnaryCall, ServerWritableStream } from '@grpc/grpc-js';
import type { CancelRequest__Output } from '../../proto/gen/muster/v1/CancelRequest.ts';
import type { GetJobRequest__Output } from '../../proto/gen/muster/v1/GetJobRequest.ts';
import type { ListExecutionsRequest__Output } from '../../proto/gen/muster/v1/ListExecutionsRequest.ts';
import type { ListJobsRequest__Output } from '../../proto/gen/muster/v1/ListJobsRequest.ts';
import type { PlanRequest__Output } from '../../proto/gen/muster/v1/PlanRequest.ts';
import type { PlanResponse } from '../../proto/gen/muster/v1/PlanResponse.ts';
import type { ReadOutputRequest__Output } from '../../proto/gen/muster/v1/ReadOutputRequest.ts';
import type { ReadOutputResponse } from '../../proto/gen/muster/v1/ReadOutputResponse.ts';
import type { SubmitRequest__Output } from '../../proto/gen/muster/v1/SubmitRequest.ts';
import type { WatchRequest__Output } from '../../proto/gen/muster/v1/WatchRequest.ts';
import type { WatchResponse } from '../../proto/gen/muster/v1/WatchResponse.ts';
import { MusterError } from '../../shared/errors.ts';
import { matches } from './fake-node-handlers.ts';
import type { FakeJob, FakePlane } from './fake-plane.ts';

/** JobService over the fake's memory. */
export function fakeJobHandlers(plane: FakePlane) {
  const jobOf = (id: string): FakeJob => {
    const job = plane.jobs.get(id);
    if (job === undefined) throw new MusterError('UNKNOWN_JOB', `no job ${id}`);
    return job;
  };
  return {
    async Plan(call: ServerWritableStream<PlanRequest__Output, PlanResponse>) {
      const { selector, nodes: names } = call.request.target ?? { selector: '', nodes: [] };
      if (selector === '' && names.length === 0) throw new MusterError('SELECTOR_EMPTY', 'target: is empty');
      const unknown = names.find((name) => !plane.nodes.some((node) => node.name === name));
      if (unknown !== undefined) throw new MusterError('UNKNOWN_NODE', `no node ${unknown}`, { field: 'target.nodes' });
      const found = plane.nodes.filter((node) =>
        names.length > 0 ? names.includes(node.name) : !node.cordoned && matches(selector, node.labels),
      );
      if (found.length === 0) throw new MusterError('NO_NODE_MATCHED', `no node matches ${selector}`);
      for (const node of found) call.write({ nodes: [node], total: found.length });
      call.end();
    },
    async Submit({ request }: ServerUnaryCall<SubmitRequest__Output, unknown>) {
      const { job, existed } = plane.submit(Buffer.from(request.order), request.targets, Buffer.from(request.stdin));
      return { job: plane.jobMessage(job), existed };
    },
    Watch: (call: ServerWritableStream<WatchRequest__Output, WatchResponse>) => plane.watch(call),
    async GetJob({ request }: ServerUnaryCall<GetJobRequest__Output, unknown>) {
      return { job: plane.jobMessage(jobOf(request.jobId)) };
    },
    async ListJobs({ request }: ServerUnaryCall<ListJobsRequest__Output, unknown>) {
      const all = [...plane.jobs.values()].reverse().filter((job) => !request.openOnly || job.closedUnixMs === 0);
      const from = Number(request.pageToken || 0);
      const size = request.pageSize || 50;
      const next = from + size < all.length ? String(from + size) : '';
      return { jobs: all.slice(from, from + size).map((job) => plane.jobMessage(job)), nextPageToken: next };
    },
    async ListExecutions({ request }: ServerUnaryCall<ListExecutionsRequest__Output, unknown>) {
      const executions = jobOf(request.jobId).executions.map((one) => ({
        ...{ id: one.id, nodeUid: one.node.uid, node: one.node.name, attempt: 1, state: one.state },
        ...{ result: one.result, undetermined: one.undetermined, startedUnixMs: one.startedUnixMs },
      }));
      return { executions, nextPageToken: '' };
    },
    async Cancel({ request }: ServerUnaryCall<CancelRequest__Output, unknown>) {
      const job = jobOf(request.jobId);
      if (job.closedUnixMs === 0) {
        job.cancelled = true;
        for (const execution of job.executions) execution.cancel();
      }
      return { job: plane.jobMessage(job) };
    },
    async ReadOutput(call: ServerWritableStream<ReadOutputRequest__Output, ReadOutputResponse>) {
      const { jobId, node, stream, from, until, follow } = call.request;
      const execution = jobOf(jobId).executions.find((one) => one.node.name === node || one.node.uid === node);
      if (execution === undefined) throw new MusterError('UNKNOWN_EXECUTION', `job ${jobId} has no node ${node}`);
      const source = execution.streams[stream === 'OUTPUT_STREAM_STDERR' ? 'stderr' : 'stdout'];
      if (follow) await plane.until(() => source.ended);
      const { bytes } = source;
      if (from > bytes.length)
        throw new MusterError('OFFSET_PAST_END', `from: ${from} is past the end at ${bytes.length}`);
      const head = { execution: execution.id, node: execution.node.name, stream };
      const end = until === 0 ? bytes.length : Math.min(until, bytes.length);
      for (let at = from; at < end; at += plane.chunkBytes) {
        const data = bytes.subarray(at, Math.min(end, at + plane.chunkBytes));
        plane.readBytes += data.length;
        if (!call.write({ chunk: { ...head, offset: at, data } }))
          await new Promise((done) => call.once('drain', done));
      }
      if (source.ended && end === bytes.length) call.write({ chunk: { ...head, offset: end, end: true } });
      call.end();
    },
  };
}
