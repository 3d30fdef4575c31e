import type { ServerWritableStream } from '@grpc/grpc-js';
import type { Job } from '../../proto/gen/muster/v1/Job.ts';
import type { WatchRequest__Output } from '../../proto/gen/muster/v1/WatchRequest.ts';
import type { WatchResponse } from '../../proto/gen/muster/v1/WatchResponse.ts';
import type { ValidOrder } from '../../shared/order.ts';
import type { FakeExecution } from './fake-execution.ts';

export interface FakeNode {
  uid: string;
  name: string;
  labels: Record<string, string>;
  facts: Record<string, string>;
  cordoned: boolean;
  connected: boolean;
}

export interface FakeJob {
  readonly id: string;
  readonly bytes: Buffer;
  readonly order: ValidOrder;
  readonly executions: FakeExecution[];
  readonly submittedUnixMs: number;
  closingReason: string;
  closedUnixMs: number;
  cancelled: boolean;
}

/** What the fake's services need of its memory. */
export interface FakePlane {
  readonly nodes: FakeNode[];
  readonly jobs: ReadonlyMap<string, FakeJob>;
  readonly chunkBytes: number;
  readBytes: number;
  readonly changed: () => void;
  until(condition: () => boolean): Promise<void>;
  /** Resolves at the next change. */
  nextChange(): Promise<void>;
  submit(bytes: Buffer, targets: readonly string[], stdin: Buffer): { job: FakeJob; existed: boolean };
  jobMessage(job: FakeJob): Job;
  watch(call: ServerWritableStream<WatchRequest__Output, WatchResponse>): Promise<void>;
}
