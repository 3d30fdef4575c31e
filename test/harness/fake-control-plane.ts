import { Server, ServerCredentials, type ServerWritableStream, type UntypedServiceImplementation } from '@grpc/grpc-js';
import type { Job } from '../../proto/gen/muster/v1/Job.ts';
import type { Order, Order__Output } from '../../proto/gen/muster/v1/Order.ts';
import type { WatchRequest__Output } from '../../proto/gen/muster/v1/WatchRequest.ts';
import type { WatchResponse } from '../../proto/gen/muster/v1/WatchResponse.ts';
import { MusterError } from '../../shared/errors.ts';
import { planRoot } from '../../shared/merkle.ts';
import { decodeOrder } from '../../shared/order.ts';
import { codec, serviceDefinition } from '../../shared/rpc/proto.ts';
import { toServiceError } from '../../shared/rpc/status.ts';
import { type FakeCluster, fakeClusterHandlers, healthyCluster } from './fake-cluster-handlers.ts';
import { FakeExecution } from './fake-execution.ts';
import { fakeJobHandlers } from './fake-job-handlers.ts';
import { fakeNodeHandlers } from './fake-node-handlers.ts';
import type { FakeJob, FakeNode, FakePlane } from './fake-plane.ts';
import { serveWatch } from './fake-watch.ts';

const orders = codec<Order, Order__Output>('muster.v1.Order');

/**
 * A small working control plane on a real socket: nodes in memory, real processes on this host, watches that resume by
 * offset. For what the CLI does with it; no session, no journal, no store.
 */
export class FakeControlPlane implements FakePlane {
  readonly nodes: FakeNode[];
  readonly jobs = new Map<string, FakeJob>();
  cluster: FakeCluster = healthyCluster();
  /** Requests of each method, as they came. */
  readonly requests: { method: string; request: unknown }[] = [];
  /** Bytes of output in one message. */
  chunkBytes = 64 * 1024;
  /** Bytes of output that ReadOutput has handed to its stream. */
  readBytes = 0;
  readonly #failures = new Map<string, MusterError[]>();
  readonly #watches = new Set<ServerWritableStream<unknown, unknown>>();
  #server: Server | undefined;
  #waiters: (() => void)[] = [];
  #port = 0;

  constructor(nodes: readonly { name: string; labels?: Record<string, string>; connected?: boolean }[]) {
    this.nodes = nodes.map(({ name, labels = {}, connected = true }, at) => ({
      uid: (at + 1).toString(16).padStart(32, '0'),
      name,
      labels,
      facts: { os: 'linux' },
      cordoned: false,
      connected,
    }));
  }

  get address(): string {
    return `127.0.0.1:${this.#port}`;
  }

  /** Listens; after `stop`, on the same port again. */
  async start(): Promise<void> {
    const server = new Server({ 'grpc.max_receive_message_length': 64 * 1024 * 1024 });
    server.addService(serviceDefinition('muster.v1.JobService'), this.#guarded(fakeJobHandlers(this)));
    server.addService(serviceDefinition('muster.v1.NodeService'), this.#guarded(fakeNodeHandlers(this)));
    server.addService(serviceDefinition('muster.v1.ClusterService'), this.#guarded(fakeClusterHandlers(this)));
    this.#port = await new Promise<number>((resolve, reject) => {
      server.bindAsync(`127.0.0.1:${this.#port}`, ServerCredentials.createInsecure(), (error, port) =>
        error ? reject(error) : resolve(port),
      );
    });
    this.#server = server;
  }

  /** Gone, as when its process is killed. */
  stop(): void {
    this.#server?.forceShutdown();
    this.#server = undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const job of this.jobs.values()) for (const execution of job.executions) execution.cancel();
    this.stop();
  }

  /** Ends every open watch with UNAVAILABLE. */
  cutWatches(): void {
    for (const call of this.#watches) call.emit('error', toServiceError(new MusterError('REPLICA_STOPPING', 'cut')));
  }

  /** The next calls of the method fail, one each. */
  failNext(method: string, ...errors: MusterError[]): void {
    this.#failures.set(method, [...(this.#failures.get(method) ?? []), ...errors]);
  }

  changed = (): void => {
    for (const job of this.jobs.values()) {
      if (job.closedUnixMs === 0 && job.executions.every(({ over }) => over)) {
        job.closedUnixMs = Date.now();
        job.closingReason ||= job.cancelled ? 'cancelled' : 'done';
      }
    }
    for (const wake of this.#waiters.splice(0)) wake();
  };

  nextChange(): Promise<void> {
    return new Promise((resolve) => this.#waiters.push(resolve));
  }

  /** Resolves once `condition` holds. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await this.nextChange();
  }

  /** Takes an order in and starts it on its connected nodes. */
  submit(bytes: Buffer, targets: readonly string[], stdin: Buffer): { job: FakeJob; existed: boolean } {
    const order = decodeOrder(bytes);
    const known = this.jobs.get(order.id);
    if (known?.bytes.equals(bytes)) return { job: known, existed: true };
    if (known) throw new MusterError('ID_CONFLICT', `job ${order.id} exists with another order`);
    if (!planRoot(targets).equals(order.planRoot)) throw new MusterError('PLAN_MISMATCH', 'targets are not the plan');
    const executions = targets.map((uid) => {
      const node = this.nodes.find((candidate) => candidate.uid === uid);
      if (node === undefined) throw new MusterError('UNKNOWN_NODE', uid);
      return new FakeExecution({ id: `${order.id}/${uid}/1`, node, changed: this.changed });
    });
    const base = { submittedUnixMs: Date.now(), closingReason: '', closedUnixMs: 0, cancelled: false };
    const job: FakeJob = { id: order.id, bytes, order, executions, ...base };
    this.jobs.set(job.id, job);
    for (const execution of executions) {
      if (this.nodes.find(({ uid }) => uid === execution.node.uid)?.connected) execution.start(order, stdin);
    }
    this.changed();
    return { job, existed: false };
  }

  jobMessage(job: FakeJob): Job {
    const count = (state: string): number =>
      job.executions.filter((one) => one.state === `EXECUTION_STATE_${state}`).length;
    return {
      id: job.id,
      state: job.closedUnixMs > 0 ? 'JOB_STATE_CLOSED' : job.cancelled ? 'JOB_STATE_CANCELLING' : 'JOB_STATE_OPEN',
      closingReason: job.closingReason,
      order: orders.decode(job.bytes),
      counts: {
        total: job.executions.length,
        succeeded: count('SUCCEEDED'),
        failed: count('FAILED'),
        running: count('RUNNING'),
        undetermined: job.executions.filter(({ undetermined }) => undetermined).length,
      },
      submittedUnixMs: job.submittedUnixMs,
      closedUnixMs: job.closedUnixMs,
      deadlineUnixMs: job.order.jobDeadlineUnixMs,
      coordinator: 'fake',
    };
  }

  /** Serves one watch until the job has closed and everything was sent. */
  async watch(call: ServerWritableStream<WatchRequest__Output, WatchResponse>): Promise<void> {
    this.#watches.add(call);
    try {
      await serveWatch(this, call);
    } finally {
      this.#watches.delete(call);
    }
  }

  /** Every handler: its request is noted, a planned failure comes first, errors go over the wire as they should. */
  #guarded(handlers: Record<string, (call: never) => Promise<unknown>>): UntypedServiceImplementation {
    return Object.fromEntries(
      Object.entries(handlers).map(([method, handler]) => [
        method,
        (call: ServerWritableStream<unknown, unknown>, callback?: (error: unknown, response?: unknown) => void) => {
          this.requests.push({ method, request: call.request });
          const planned = this.#failures.get(method)?.shift();
          const done = planned ? Promise.reject(planned) : handler(call as never);
          done.then(
            (response) => callback?.(null, response),
            (error: unknown) =>
              callback ? callback(toServiceError(error)) : call.emit('error', toServiceError(error)),
          );
        },
      ]),
    );
  }
}
