import { createHash, type Hash } from 'node:crypto';
import { isTerminal, stateRank } from '../cli/job/execution-states.ts';
import type { Execution__Output } from '../proto/gen/muster/v1/Execution.ts';
import type { OutputChunk__Output } from '../proto/gen/muster/v1/OutputChunk.ts';
import type { ResumePoint } from '../proto/gen/muster/v1/ResumePoint.ts';
import type { WatchEvent__Output } from '../proto/gen/muster/v1/WatchEvent.ts';
import { MusterError } from '../shared/errors.ts';
import { RpcClient } from '../shared/rpc/client.ts';
import { jobMethods } from '../shared/rpc/methods.ts';
import { sleep } from '../shared/time.ts';
import type { Stretch, ToldExecution } from './history/event.ts';
import type { History } from './history/history.ts';

export interface FollowerOptions {
  readonly name: string;
  readonly servers: readonly string[];
  /** Which of them to begin with. */
  readonly startAt: number;
  readonly job: string;
  readonly withoutOutput: boolean;
  readonly history: History;
  readonly signal: AbortSignal;
}

interface Stream {
  offset: number;
  ended: boolean;
  from: number;
  hash: Hash;
  readonly stretches: Stretch[];
}

const newHash = (): Hash => createHash('sha256');
/** Between two watches of the same follower. */
const againMs = 100;

/**
 * A client that watches a job over as many watches and replicas as it takes, resuming with what it has, and writes down all it
 * is told, unfiltered: whatever comes twice, late or backwards stands in the history.
 */
export class Follower {
  readonly #options: FollowerOptions;
  readonly #client: RpcClient;
  readonly #executions = new Map<string, Execution__Output>();
  readonly #streams = new Map<string, { readonly stdout: Stream; readonly stderr: Stream }>();
  readonly #listeners = new Set<() => void>();
  #total = 0;
  #state = 'JOB_STATE_UNSPECIFIED';
  #errors: string[] = [];
  #bytes = 0;

  constructor(options: FollowerOptions) {
    this.#options = options;
    this.#client = new RpcClient({ servers: options.servers, startAt: options.startAt });
  }

  get name(): string {
    return this.#options.name;
  }

  /** As last told. */
  get executions(): ReadonlyMap<string, Execution__Output> {
    return this.#executions;
  }

  /** The job's, as last told. */
  get state(): string {
    return this.#state;
  }

  /** Bytes of output that came. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Reasons for which watches ended before the job did. */
  get errors(): readonly string[] {
    return this.#errors;
  }

  /** How many executions are in a state of at least this rank (1 pending … 4 over). */
  reached(rank: number): number {
    let count = 0;
    for (const { state } of this.#executions.values()) if (stateRank(state) >= rank) count += 1;
    return count;
  }

  /** Where the job stands, as a name for the windows into which faults fall. */
  get window(): string {
    if (this.#state === 'JOB_STATE_UNSPECIFIED') return 'submitted';
    if (this.#state === 'JOB_STATE_CLOSED') return 'closed';
    if (this.reached(4) >= this.#total && this.#total > 0) return 'settled';
    if (this.#state !== 'JOB_STATE_OPEN') return 'stopping';
    if (this.reached(2) === 0) return 'nothing-offered';
    return this.reached(2) < this.#total ? 'offering' : 'all-running';
  }

  /** Resolves once `condition` holds; looked at after everything that is told. */
  until(condition: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (!condition()) return;
        this.#listeners.delete(look);
        resolve();
      };
      this.#listeners.add(look);
      look();
    });
  }

  /** Until the job is closed and everything of it has been told. Rejects with the signal's reason, and where the job is unknown. */
  async follow(): Promise<void> {
    const { job, history, signal, name, withoutOutput } = this.#options;
    try {
      while (!(await this.#watch())) await sleep(againMs, signal);
    } finally {
      this.#client.close();
    }
    history.add({ type: 'watch-done', follower: name, job });
    if (withoutOutput) return;
    for (const [execution, streams] of this.#streams) {
      for (const stream of ['stdout', 'stderr'] as const) {
        const place = streams[stream];
        this.#closeStretch(place);
        history.add({
          type: 'received',
          follower: name,
          execution,
          stream,
          stretches: place.stretches,
          ended: place.ended,
        });
      }
    }
  }

  /** One watch; true once the job is closed. */
  async #watch(): Promise<boolean> {
    const { job, history, signal, name, withoutOutput } = this.#options;
    history.add({ type: 'watch', follower: name, job, server: this.#client.server });
    try {
      const request = { jobId: job, withoutOutput, resume: this.#resumePoints() };
      for await (const { event } of this.#client.stream(jobMethods.Watch, request, { signal })) {
        if (event) this.#take(event);
        for (const look of this.#listeners) look();
      }
      return this.#state === 'JOB_STATE_CLOSED';
    } catch (error) {
      if (signal.aborted) throw error;
      const reason = error instanceof MusterError ? error.reason : 'unexpected';
      const message = error instanceof Error ? error.message : String(error);
      history.add({ type: 'watch-error', follower: name, reason, message });
      this.#errors.push(reason);
      return false;
    }
  }

  #take({ job, executions, output }: WatchEvent__Output): void {
    const { history, name } = this.#options;
    if (job) {
      this.#total = job.counts?.total ?? this.#total;
      if (job.state !== this.#state)
        history.add({ type: 'job', follower: name, job: job.id, state: job.state, reason: job.closingReason });
      this.#state = job.state;
    }
    for (const execution of executions?.executions ?? []) {
      history.add({ type: 'execution', follower: name, ...told(execution) });
      const known = this.#executions.get(execution.id);
      if (known === undefined || stateRank(known.state) <= stateRank(execution.state))
        this.#executions.set(execution.id, execution);
    }
    if (output) this.#takeOutput(output);
  }

  #takeOutput(chunk: OutputChunk__Output): void {
    const { history, name: follower } = this.#options;
    const stream = chunk.stream === 'OUTPUT_STREAM_STDERR' ? 'stderr' : 'stdout';
    const id = { follower, execution: chunk.execution, stream } as const;
    const place = this.#streamsOf(chunk.execution)[stream];
    if (chunk.unavailable !== '') return history.add({ type: 'unavailable', ...id, reason: chunk.unavailable });
    if (chunk.gap) {
      const { from, until, reason } = chunk.gap;
      history.add({ type: 'gap', ...id, from, until, reason });
      this.#closeStretch(place);
      place.from = place.offset = until;
    } else if (chunk.data.length > 0) {
      history.add({ type: 'output', ...id, offset: chunk.offset, bytes: chunk.data.length });
      this.#bytes += chunk.data.length;
      place.hash.update(chunk.data);
      place.offset += chunk.data.length;
    }
    if (!chunk.end) return;
    history.add({ type: 'end', ...id, offset: chunk.offset + chunk.data.length });
    place.ended = true;
  }

  #streamsOf(execution: string): { readonly stdout: Stream; readonly stderr: Stream } {
    const streams = this.#streams.get(execution) ?? { stdout: newStream(), stderr: newStream() };
    this.#streams.set(execution, streams);
    return streams;
  }

  #closeStretch(place: Stream): void {
    const { from, offset: until } = place;
    if (until > from) place.stretches.push({ from, until, sha256: place.hash.digest('hex') });
    place.hash = newHash();
    place.from = until;
  }

  #resumePoints(): ResumePoint[] {
    const ids = new Set([...this.#executions.keys(), ...this.#streams.keys()]);
    return [...ids].map((execution) => {
      const { stdout, stderr } = this.#streamsOf(execution);
      return {
        execution,
        state: this.#executions.get(execution)?.state ?? 'EXECUTION_STATE_UNSPECIFIED',
        ...{ stdoutOffset: stdout.offset, stderrOffset: stderr.offset },
        ...{ stdoutEnded: stdout.ended, stderrEnded: stderr.ended },
      };
    });
  }
}

const newStream = (): Stream => ({ offset: 0, ended: false, from: 0, hash: newHash(), stretches: [] });

/** What the history keeps of an execution. */
export function told({ id, state, undetermined, nodeAway, result }: Execution__Output): ToldExecution {
  const base = { execution: id, state, undetermined, nodeAway };
  if (!isTerminal(state)) return base;
  return {
    ...base,
    end: {
      exitCode: result?.exitCode,
      signal: result?.signal,
      reason: result?.reason ?? '',
      stdoutBytes: result?.stdout?.bytes ?? 0,
    },
  };
}
