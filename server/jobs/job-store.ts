import type { JobRecord, JobRecord__Output } from '../../proto/gen/muster/store/v1/JobRecord.ts';
import type { ExecutionResult } from '../../proto/gen/muster/v1/ExecutionResult.ts';
import type { JobId, NodeUid } from '../../shared/ids.ts';
import { keys, parseJobOf, parseSubmitted } from '../store/keys.ts';
import type { Compare, Entry, Operation, Store } from '../store/store.ts';
import { emptyValue, values } from '../store/values.ts';

/** A node of a frozen plan. */
export interface Target {
  readonly uid: NodeUid;
  readonly name: string;
}

/** A submitted job as it stands in the store. */
export interface StoredJob {
  readonly id: JobId;
  readonly orderBytes: Buffer;
  readonly signature: Buffer;
  readonly submittedUnixMs: number;
  readonly traceparent: string;
  readonly targetChunks: number;
  readonly stdinChunks: number;
  readonly record: JobRecord__Output;
  /** Revision of the record's last write. */
  readonly stateRevision: number;
}

/** One terminal execution. */
export interface TargetResult {
  /** Index in rollout order. */
  readonly target: number;
  readonly attempt: number;
  readonly result: ExecutionResult;
}

const targetsAChunk = 2000;
const stdinChunkBytes = 512 * 1024;
/** Up to here targets and stdin ride in the submit transaction itself: one commit instead of three. */
const smallPlan = 500;
const smallStdinBytes = 64 * 1024;

type Put = Extract<Operation, { put: string }>;

export interface Chunks {
  readonly counts: { readonly targetChunks: number; readonly stdinChunks: number };
  readonly operations: readonly Operation[];
  readonly compares: readonly Compare[];
}

/** Reads and writes jobs under their keys. Decides nothing. */
export class JobStore {
  readonly #store: Store;

  constructor(options: { store: Store }) {
    this.#store = options.store;
  }

  /**
   * Writes targets and stdin ahead of the submit transaction, where they do not fit into it. What comes back belongs into that
   * transaction: it fails if anybody else wrote chunks of the same job meanwhile. `stored`
   * is called after each chunk. Where no order follows they stay until the leader sweeps them.
   */
  async putChunks(job: JobId, targets: readonly Target[], stdin: Buffer, stored: () => void): Promise<Chunks> {
    const puts = [...targetChunks(job, targets), ...stdinChunks(job, stdin)];
    const counts = {
      targetChunks: Math.ceil(targets.length / targetsAChunk),
      stdinChunks: Math.ceil(stdin.length / stdinChunkBytes),
    };
    if (targets.length <= smallPlan && stdin.length <= smallStdinBytes)
      return { counts, operations: puts, compares: [] };
    const compares: Compare[] = [];
    for (const put of puts) {
      const { succeeded, revision } = await this.#store.commit({
        if: [{ key: keys.order(job), exists: false }],
        then: [put],
      });
      // The order is there already: the transaction will find that out.
      if (succeeded) compares.push({ key: put.put, modRevision: revision });
      stored();
    }
    return { counts, operations: [], compares };
  }

  async get(job: JobId): Promise<StoredJob | undefined> {
    const { entries } = await this.#store.commit({ then: [], get: [keys.order(job), keys.state(job)] });
    return storedJob(job, entries[0], entries[1]);
  }

  async targets(job: JobId): Promise<Target[]> {
    const targets: Target[] = [];
    for await (const entry of this.#all(keys.targetPrefix(job), 10)) {
      const { uids, names } = values.target.decode(entry.value);
      for (const [index, uid] of uids.entries()) targets.push({ uid: uid as NodeUid, name: names[index] ?? uid });
    }
    return targets;
  }

  async stdin(job: JobId): Promise<Buffer> {
    const chunks: Buffer[] = [];
    for await (const entry of this.#all(keys.stdinPrefix(job), 4)) chunks.push(values.stdin.decode(entry.value).data);
    return Buffer.concat(chunks);
  }

  /** Every result, in the order of writing: the first one of an execution stands. */
  async *results(job: JobId): AsyncGenerator<TargetResult> {
    for await (const entry of this.#all(keys.resultPrefix(job), 20)) {
      for (const { target, attempt, result } of values.result.decode(entry.value).results) {
        if (result) yield { target, attempt, result };
      }
    }
  }

  async openJobs(): Promise<JobId[]> {
    const jobs: JobId[] = [];
    for await (const entry of this.#all(keys.openPrefix, 1000)) {
      const job = parseJobOf(entry.key);
      if (job !== undefined) jobs.push(job);
    }
    return jobs;
  }

  /** Jobs newest first, after the key of the page before; each with the key that a page behind it begins after. */
  async newest(
    limit: number,
    after: string,
  ): Promise<{ jobs: { id: JobId; key: string }[]; next: string | undefined }> {
    const page = await this.#store.list(keys.submittedPrefix, {
      limit,
      descending: true,
      ...(after !== '' && { after }),
    });
    const jobs = page.entries.flatMap(({ key }) => {
      const id = parseSubmitted(key);
      return id === undefined ? [] : [{ id, key }];
    });
    return { jobs, next: page.more ? page.entries.at(-1)?.key : undefined };
  }

  async *#all(prefix: string, limit: number): AsyncGenerator<Entry> {
    let after: string | undefined;
    let more = true;
    while (more) {
      const page = await this.#store.list(prefix, { limit, ...(after !== undefined && { after }) });
      yield* page.entries;
      after = page.entries.at(-1)?.key;
      more = page.more && after !== undefined;
    }
  }
}

/** The operations of a submit transaction besides those of its coordinator, who also opens it. */
export function submitOperations(job: {
  id: JobId;
  orderBytes: Buffer;
  signature: Buffer;
  submittedUnixMs: number;
  traceparent: string;
  targetChunks: number;
  stdinChunks: number;
  record: JobRecord;
  /** Empty = none. */
  latestKey: string;
}): Operation[] {
  const { id, submittedUnixMs, traceparent, targetChunks, stdinChunks, signature, latestKey } = job;
  const order = { order: job.orderBytes, signature, submittedUnixMs, traceparent, targetChunks, stdinChunks };
  return [
    { put: keys.order(id), value: values.order.encode(order) },
    { put: keys.state(id), value: values.state.encode(job.record) },
    { put: keys.submitted(submittedUnixMs, id), value: emptyValue },
    ...(latestKey === '' ? [] : [{ put: keys.latest(latestKey, id), value: emptyValue }]),
  ];
}

function* targetChunks(job: JobId, targets: readonly Target[]): Generator<Put> {
  for (let from = 0, n = 0; from < targets.length; from += targetsAChunk, n += 1) {
    const chunk = targets.slice(from, from + targetsAChunk);
    const value = values.target.encode({ uids: chunk.map((t) => t.uid), names: chunk.map((t) => t.name) });
    yield { put: keys.target(job, n), value };
  }
}

function* stdinChunks(job: JobId, stdin: Buffer): Generator<Put> {
  for (let from = 0, n = 0; from < stdin.length; from += stdinChunkBytes, n += 1) {
    yield {
      put: keys.stdin(job, n),
      value: values.stdin.encode({ data: stdin.subarray(from, from + stdinChunkBytes) }),
    };
  }
}

function storedJob(id: JobId, order: Entry | undefined, state: Entry | undefined): StoredJob | undefined {
  if (order === undefined || state === undefined) return undefined;
  const { order: orderBytes, ...rest } = values.order.decode(order.value);
  return { id, orderBytes, ...rest, record: values.state.decode(state.value), stateRevision: state.modRevision };
}
