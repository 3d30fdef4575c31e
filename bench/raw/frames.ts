import type { ConnectRequest } from '../../proto/gen/muster/v1/ConnectRequest.ts';
import type { ConnectResponse } from '../../proto/gen/muster/v1/ConnectResponse.ts';
import type { ExecutionBatch } from '../../proto/gen/muster/v1/ExecutionBatch.ts';
import type { ExecutionResult } from '../../proto/gen/muster/v1/ExecutionResult.ts';
import type { SubmitRequest } from '../../proto/gen/muster/v1/SubmitRequest.ts';
import { buildOrder } from '../../shared/order.ts';
import { codec } from '../../shared/rpc/proto.ts';

const toReplica = codec<ConnectRequest, unknown>('muster.v1.ConnectRequest');
const toAgent = codec<ConnectResponse, unknown>('muster.v1.ConnectResponse');
const submits = codec<SubmitRequest, unknown>('muster.v1.SubmitRequest');
const batches = codec<ExecutionBatch, unknown>('muster.v1.ExecutionBatch');

const chunkBytes = 64 * 1024;

/** Encoded messages as Muster sends them for `true` on `nodes` nodes, for the bare exchange of the same bytes. */
export interface Frames {
  readonly hello: Buffer;
  readonly welcome: Buffer;
  readonly start: Buffer;
  /** What an agent says of one execution: accepted, started, finished. */
  readonly events: readonly Buffer[];
  readonly release: Buffer;
  readonly submit: Buffer;
  /** One execution's place in what a watcher is told at its end. */
  readonly executionBytes: number;
  /** Ask for output; the agent answers with `chunk`s. */
  readonly read: Buffer;
  readonly chunk: Buffer;
}

export function frames(nodes: number): Frames {
  const now = Date.now();
  const uid = '0123456789abcdef'.repeat(2);
  const hash = Buffer.alloc(32, 7);
  const plan = { root: hash, count: nodes };
  const { order, bytes } = buildOrder({
    command: { argv: ['true'] },
    plan,
    selector: 'fleet=bench',
    createdUnixMs: now,
  });
  const execution = `${order.id}/${uid}/1`;
  const siblings = Array.from({ length: Math.ceil(Math.log2(nodes)) }, () => hash);
  const epoch = { era: 1, revision: 12_345 };
  const result: ExecutionResult = {
    state: 'EXECUTION_STATE_SUCCEEDED',
    exitCode: 0,
    ...{ acceptedUnixMs: now, startedUnixMs: now, finishedUnixMs: now + 1, durationMs: 1 },
    ...{ stdout: { bytes: 0 }, stderr: { bytes: 0 } },
  };
  const id = { id: execution, nodeUid: uid, node: 'sim-1234', attempt: 1 };
  return {
    hello: toReplica.encode({
      hello: {
        ...{ name: 'sim-1234', uid, bootId: 'simulated', version: '0.1.0', labels: { fleet: 'bench' }, last: true },
        facts: { os: 'simulated', containment: 'none' },
      },
    }),
    welcome: toAgent.encode({
      welcome: { epoch, heartbeatIntervalMs: 60_000, replicaTimeUnixMs: now, replica: 'bench' },
    }),
    start: toAgent.encode({ start: { execution, order: bytes, proof: { index: nodes - 1, siblings } } }),
    events: [
      toReplica.encode({ event: { execution, accepted: { atUnixMs: now } } }),
      toReplica.encode({ event: { execution, started: { atUnixMs: now, pid: 1234 } } }),
      toReplica.encode({ event: { execution, finished: result } }),
    ],
    release: toAgent.encode({ release: { executions: [execution] } }),
    submit: submits.encode({ order: bytes, targets: Array.from({ length: nodes }, () => uid) }),
    executionBytes: batches.encode({
      executions: [{ ...id, state: 'EXECUTION_STATE_SUCCEEDED', result, startedUnixMs: now }],
    }).length,
    read: toAgent.encode({ read: { readId: 1, execution, stream: 'OUTPUT_STREAM_STDOUT', from: 0, until: 2 ** 32 } }),
    chunk: toReplica.encode({ output: { readId: 1, offset: 2 ** 30, data: Buffer.alloc(chunkBytes, 'output ') } }),
  };
}
