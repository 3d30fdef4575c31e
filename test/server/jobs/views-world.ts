import { setImmediate } from 'node:timers/promises';
import type { WatchEvent } from '../../../proto/gen/muster/v1/WatchEvent.ts';
import type { JobStore, StoredJob, Target, TargetResult } from '../../../server/jobs/job-store.ts';
import { JobProgress } from '../../../server/jobs/progress.ts';
import { isTerminal, raises, type StateName } from '../../../server/jobs/states.ts';
import { JobFeeds } from '../../../server/jobs/views/job-feeds.ts';
import { JobViews } from '../../../server/jobs/views/job-views.ts';
import { Watcher, type WatchOptions } from '../../../server/jobs/views/watch.ts';
import { values } from '../../../server/store/values.ts';
import { MusterError } from '../../../shared/errors.ts';
import { type JobId, newNodeUid } from '../../../shared/ids.ts';
import { planRoot } from '../../../shared/merkle.ts';
import { buildOrder, decodeOrder } from '../../../shared/order.ts';
import { silent } from '../../harness/agent-connection.ts';
import { allHere, FakeLink, FakeMap, ManualClock, turn } from './view-fakes.ts';

interface Other {
  readonly feeds: JobFeeds;
  run: JobProgress | undefined;
  /** It does not know yet that it was deposed. */
  stale: JobProgress | undefined;
  /** Claimed, and not begun. */
  coming: JobProgress | undefined;
  /** Both ends: `near` is held by the watching replica. */
  link: { near: FakeLink; far: FakeLink } | undefined;
}

export type OtherName = 'a' | 'b';
export type Name = OtherName | 'w';

const idle = { run: undefined, stale: undefined, coming: undefined, link: undefined };

/** One job, driven by `a`, `b` or `w` in turn, and watched at `w`, over links and a store that fail as the test says. */
export class ViewsWorld {
  readonly clock = new ManualClock();
  readonly map = new FakeMap();
  readonly targets: readonly Target[];
  readonly truth: StateName[];
  readonly views: JobViews;
  readonly others: Readonly<Record<OtherName, Other>>;
  readonly id: JobId;
  storeDown = false;
  /** Of the job's state in the store. */
  reads = 0;
  coordinator: Name | undefined;
  readonly #job: Omit<StoredJob, 'record'>;
  #closed = false;
  readonly #results = new Map<number, TargetResult>();
  #run: JobProgress | undefined;
  #revision = 1;

  constructor(count: number) {
    this.targets = Array.from({ length: count }, (_, n) => ({ uid: newNodeUid(), name: `n-${n}` }));
    this.truth = this.targets.map(() => 'EXECUTION_STATE_PENDING');
    const uids = this.targets.map(({ uid }) => uid);
    const plan = { root: planRoot(uids), count };
    const { bytes, order } = buildOrder({ command: { argv: ['true'] }, plan, createdUnixMs: 1 });
    const stored = { traceparent: '', targetChunks: 1, stdinChunks: 0, stateRevision: 1, submittedUnixMs: 1 };
    this.id = order.id;
    this.#job = { id: order.id, orderBytes: bytes, signature: Buffer.alloc(0), ...stored };
    this.views = new JobViews({
      ...{ stored: this.#store(), coordinators: this.map, clock: this.clock, log: silent, replica: 'w' },
      link: (replica) => this.others[replica as OtherName]?.link?.near,
      undriven: () => {},
    });
    this.others = { a: this.#other('a'), b: this.#other('b') };
  }

  #other(name: OtherName): Other {
    const driven = (): JobProgress | undefined => this.others[name].run ?? this.others[name].stale;
    return { feeds: new JobFeeds({ driven, executionsAFrame: 1 }), ...idle };
  }

  #store(): JobStore {
    const check = (): void => {
      if (this.storeDown) throw new MusterError('STORE_UNAVAILABLE', 'the store is away');
    };
    const store = this;
    return {
      async get() {
        check();
        store.reads += 1;
        return store.stored;
      },
      async targets() {
        check();
        return [...store.targets];
      },
      async *results() {
        check();
        for (const result of [...store.#results.values()]) {
          await setImmediate();
          check();
          yield result;
        }
      },
    } as unknown as JobStore;
  }

  get stored(): StoredJob {
    const state = this.#closed ? { state: 'closed', reason: 'done', closedUnixMs: 9 } : { state: 'open' };
    return { ...this.#job, record: values.state.decode(values.state.encode(state)) };
  }

  /** What the agent of the target does next. */
  advance(index: number): void {
    const next: Partial<Record<StateName, StateName>> = {
      EXECUTION_STATE_PENDING: 'EXECUTION_STATE_DISPATCHED',
      EXECUTION_STATE_DISPATCHED: 'EXECUTION_STATE_RUNNING',
      EXECUTION_STATE_RUNNING: index % 2 === 0 ? 'EXECUTION_STATE_SUCCEEDED' : 'EXECUTION_STATE_FAILED',
    };
    const state = this.truth[index];
    this.truth[index] = (state && next[state]) ?? this.truth[index] ?? 'EXECUTION_STATE_PENDING';
  }

  /** The coordinator hears of it. */
  learn(index: number): void {
    const state = this.truth[index];
    if (!state) return;
    const result = isTerminal(state) && { result: { state, startedUnixMs: 7 } };
    this.#running?.raise(index, state, { ...(result || {}) });
  }

  /** The coordinator writes down the ends it knows. */
  commit(): void {
    const run = this.#running;
    for (const target of this.targets.keys()) {
      const result = run?.resultAt(target);
      if (result && !this.#results.has(target)) this.#results.set(target, { target, attempt: 1, result });
    }
  }

  claim(name: Name, late = false): void {
    if (this.coordinator || this.#closed) return;
    this.coordinator = name;
    this.#revision += 1;
    const loaded = new JobProgress({ job: this.stored, order: this.#order, targets: this.targets });
    for (const { target, result } of this.#results.values())
      loaded.raise(target, result.state as StateName, { result });
    if (name === 'w') this.#run = this.views.driven(loaded);
    else {
      const other = this.others[name];
      if (other.stale) other.feeds.undriven(this.id);
      other.stale = undefined;
      if (late) other.coming = loaded;
      else other.run = loaded;
    }
  }

  /** Whoever has claimed the job begins, and whoever lost it finds out. */
  begin(): void {
    for (const other of Object.values(this.others)) {
      other.run ??= other.coming;
      other.coming = undefined;
      if (other.stale && !other.run) other.feeds.undriven(this.id);
      other.stale = undefined;
    }
  }

  /** The coordinator lets the job go, dies, or is asleep and does not know that it has lost it. */
  leave(how: 'hand over' | 'crash' | 'sleep'): void {
    const name = this.coordinator;
    this.coordinator = undefined;
    if (name === 'w' && this.#run) {
      this.views.undriven(this.#run);
      this.#run = undefined;
    } else if (name === 'a' || name === 'b') {
      const other = this.others[name];
      if (how === 'sleep') other.stale = other.run;
      other.run = undefined;
      other.coming = undefined;
      if (how === 'crash') this.cut(name);
      else if (how === 'hand over') other.feeds.undriven(this.id);
    }
  }

  link(name: OtherName): void {
    if (this.others[name].link) return;
    const [near, far] = [new FakeLink(name), new FakeLink('w')];
    this.others[name].link = { near, far };
    this.views.linkUp();
  }

  cut(name: OtherName): void {
    const { link, feeds } = this.others[name];
    if (!link) return;
    this.others[name].link = undefined;
    link.near.cut();
    link.far.cut();
    feeds.linkDown(link.far);
    this.views.linkDown(link.near);
  }

  /** One frame each way. */
  deliver(name: OtherName): boolean {
    const { link, feeds } = this.others[name];
    if (!link) return false;
    const [to, from] = [link.near.take(), link.far.take()];
    if (to?.watchJob) feeds.watchJob(link.far, this.id);
    if (to?.unwatchJob) feeds.unwatchJob(link.far, this.id);
    if (from?.jobUpdate) this.views.jobUpdate(link.near, from.jobUpdate);
    if (from?.jobNotHere) this.views.jobNotHere(link.near, this.id);
    return to !== undefined || from !== undefined;
  }

  /** The watch of the store delivers. */
  catchUp(): void {
    const at = this.coordinator && { replica: this.coordinator, createRevision: this.#revision };
    this.map.set(this.id, at, !this.#closed);
  }

  /** Everything ends, and the coordinator says so. */
  close(): void {
    for (const index of this.targets.keys()) {
      for (let step = 0; step < 3; step += 1) this.advance(index);
      this.learn(index);
    }
    this.commit();
    this.#closed = true;
    const run = this.#running;
    const name = this.coordinator;
    this.coordinator = undefined;
    this.#run = undefined;
    if (name === 'a' || name === 'b') this.others[name].run = undefined;
    run?.setJob('closed', 'done', 9);
  }

  /** All that is under way arrives, again and again as time goes by. */
  async settle(rounds: number, advanceMs: number): Promise<void> {
    for (let round = 0; round < rounds; round += 1) {
      this.clock.advance(advanceMs);
      for (let moved = true; moved; ) {
        await turn();
        moved = this.deliver('a');
        moved = this.deliver('b') || moved;
      }
    }
  }

  /** A watcher at `w`, with every state it was told, by target; `wrong` says what it should not have been told. */
  watch(resume: WatchOptions['resume'] = new Map()): Observed {
    const abort = new AbortController();
    const told = this.targets.map(() => [] as StateName[]);
    const observed: Observed = { told, abort, wrong: [], job: '', coordinator: '', ended: Promise.resolve() };
    const indexes = new Map(this.targets.map(({ uid }, index) => [uid as string, index]));
    const send = async ({ executions, job }: WatchEvent): Promise<void> => {
      for (const { nodeUid = '', state } of executions?.executions ?? []) {
        const states = told[indexes.get(nodeUid) ?? -1];
        const before = states?.at(-1);
        if (before && !raises(before, state as StateName) && before !== state)
          observed.wrong.push(`${before} → ${state}`);
        states?.push(state as StateName);
      }
      if (!job) return;
      if (observed.job === 'JOB_STATE_CLOSED' && job.state !== observed.job) observed.wrong.push('closed → open');
      observed.job = String(job.state);
      observed.coordinator = job.coordinator ?? '';
      if (observed.job !== 'JOB_STATE_CLOSED') return;
      if (told.some((states) => !isTerminal(states.at(-1) ?? ''))) observed.wrong.push('closed before its executions');
    };
    observed.ended = (async () => {
      const { progress, release } = await this.views.follow(this.id, abort.signal);
      const coordinator = (): string => this.views.coordinatorOf(progress);
      const options = { progress, outputs: undefined, resume, clock: this.clock, signal: abort.signal };
      await new Watcher({ ...options, nodes: allHere, coordinator, send }).run().finally(release);
    })();
    observed.ended.catch(() => {});
    return observed;
  }

  /** What the coordinator knows, and what is in the store. */
  get known(): readonly StateName[] {
    return this.targets.map((_, index) => {
      const stored = this.#results.get(index)?.result.state as StateName | undefined;
      return stored ?? this.#running?.stateAt(index) ?? 'EXECUTION_STATE_PENDING';
    });
  }

  get #running(): JobProgress | undefined {
    const name = this.coordinator;
    return name === 'a' || name === 'b' ? this.others[name].run : this.#run;
  }

  get #order() {
    const { orderBytes } = this.#job;
    return decodeOrder(orderBytes);
  }
}

export interface Observed {
  readonly told: readonly StateName[][];
  readonly abort: AbortController;
  readonly wrong: string[];
  job: string;
  coordinator: string;
  ended: Promise<void>;
}
