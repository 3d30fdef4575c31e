import { Queue } from '../queue.ts';
import { isError, isTerminal, raises, type StateName } from '../states.ts';
import type { Decision, RolloutOptions } from './rollout-options.ts';

const minStep = 512;
/** The value to commit next: a step of max(512, 2 × concurrency). The first, from 0, is part of the submit. */
export const nextOfferedBelow = (offeredBelow: number, count: number, maxConcurrency: number): number =>
  Math.min(count, offeredBelow + Math.max(minStep, 2 * maxConcurrency));

/** Where a target stands. Only `inFlight` holds a slot. */
const place = { queued: 0, passed: 1, ready: 2, inFlight: 3, ended: 4 } as const;
const away = 1;
/** A `Start` may have reached an agent: from here on only the agent may end it. */
const touched = 2;
/** Touched for the first time by the offer that holds the slot now, and nothing heard since. */
const fresh = 4;
/** A newer order of the same key has the target too: no Start any more. */
const outdated = 8;

/**
 * Whose turn it is: the decisions of one job, without a clock, a store or a session. Targets are indexes in rollout order.
 * Tell it what happened, then ask `decide`; O(1) an event, amortised.
 *
 * A target whose node is away and that was never offered holds no slot: it is passed over, and offered first thing when
 * its node comes back, until `expire`. One that was offered holds its slot, away or not, until its agent says how it ended
 * or turns out not to have it (`missing`).
 */
export class Rollout {
  readonly count: number;
  readonly #maxConcurrency: number;
  readonly #maxErrors: number;
  readonly #states: StateName[];
  readonly #places: Uint8Array;
  readonly #flags: Uint8Array;
  /** Passed over or given back, and able to go now. */
  readonly #ready = new Queue<number>();
  #cancels: number[] = [];
  #superseded: number[] = [];
  /** Everything below has been looked at once. */
  #cursor = 0;
  #offeredBelow: number;
  #inFlight = 0;
  #ended = 0;
  #errors = 0;
  #halt = false;
  #cancelled = false;
  #expired = false;
  #swept: 'nothing' | 'expired' | 'stopped' = 'nothing';

  constructor(options: RolloutOptions) {
    this.count = options.count;
    this.#maxConcurrency = options.maxConcurrency;
    this.#maxErrors = options.maxErrors;
    this.#offeredBelow = options.offeredBelow;
    this.#states = Array.from({ length: options.count }, (_, index) => options.stateAt(index));
    this.#places = new Uint8Array(options.count);
    this.#flags = new Uint8Array(options.count);
    for (const [index, state] of this.#states.entries()) {
      if (options.isAway(index)) this.#flags[index] = away;
      if (isTerminal(state)) this.#end(index, state);
      else if (options.adopted && index < options.offeredBelow) this.#take(index);
    }
    if (options.adopted) this.#cursor = options.offeredBelow;
  }

  /** Executions that hold a slot: offered, or perhaps offered, and not over. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** More executions than allowed did not succeed: nothing is offered any more. */
  get stopped(): boolean {
    return this.#halt || this.#errors > this.#maxErrors;
  }

  get cancelled(): boolean {
    return this.#cancelled;
  }

  get offeredBelow(): number {
    return this.#offeredBelow;
  }

  /** Every execution has its end. */
  get complete(): boolean {
    return this.#ended === this.count;
  }

  /** A `Start` may have reached the target's agent: only the agent may end it. */
  mayHaveBeenOffered(index: number): boolean {
    return this.#has(index, touched);
  }

  /** An agent reported a state, or the store got a result. False where it is no step forward. */
  report(index: number, state: StateName): boolean {
    const from = this.#states[index];
    if (from === undefined || !raises(from, state)) return false;
    this.#states[index] = state;
    if (isTerminal(state)) this.#end(index, state);
    else this.#take(index);
    return true;
  }

  /** The target's node lost its session, or has one again. Whoever holds it then says what its agent has. */
  setAway(index: number, isAway: boolean): void {
    this.#set(index, away, isAway);
    if (isAway) return;
    if (this.#places[index] === place.passed) this.#queue(index);
    else if (this.#places[index] === place.inFlight && this.#cancelled) this.#cancels.push(index);
  }

  /**
   * The target's agent is connected and does not have it, though it may have been offered: its turn comes again. An agent
   * that had accepted it has lost its journal: what may have run is not offered again but cancelled.
   */
  missing(index: number): void {
    if (this.#places[index] !== place.inFlight) return;
    if (this.#states[index] !== 'EXECUTION_STATE_PENDING') this.#cancels.push(index);
    else this.#giveBack(index);
  }

  /** The `Start` of the latest offer never left this process. */
  withdraw(index: number): void {
    if (this.#places[index] !== place.inFlight || this.#states[index] !== 'EXECUTION_STATE_PENDING') return;
    if (this.#has(index, fresh)) {
      this.#set(index, touched, false);
      this.#swept = 'nothing';
    }
    this.#giveBack(index);
    if (this.#has(index, outdated)) this.supersede([index]);
  }

  /** Somebody cancelled the job. */
  cancel(): void {
    if (this.#cancelled) return;
    this.#cancelled = true;
    for (const [index, at] of this.#places.entries()) if (at === place.inFlight) this.#cancels.push(index);
  }

  /** More executions did not succeed than are allowed, as was found out before; nothing is offered any more. */
  stop(): void {
    this.#halt = true;
  }

  /**
   * A newer order of the same key has these targets: what was never offered ends now, the rest is for its agents to end, who get no
   * Start for it any more but, where they turn out not to have it, its cancel.
   */
  supersede(indexes: Iterable<number>): void {
    for (const index of indexes) {
      if (index >= this.count || this.#places[index] === place.ended) continue;
      this.#set(index, outdated, true);
      if (this.#has(index, touched)) continue;
      this.#states[index] = 'EXECUTION_STATE_SKIPPED';
      this.#end(index, 'EXECUTION_STATE_SKIPPED');
      this.#superseded.push(index);
    }
  }

  /** Whatever was delivered in time is over by now: what is away and was not heard of holds no slot any more. */
  lapse(): void {
    for (const [index, at] of this.#places.entries()) {
      if (at !== place.inFlight || !this.#has(index, away)) continue;
      this.#places[index] = place.passed;
      this.#inFlight -= 1;
    }
  }

  /** The delivery deadline has passed. What an agent may have is offered all the same: it answers `EXPIRED` for good. */
  expire(): void {
    this.#expired = true;
  }

  /** The store has this `offeredBelow` now. */
  committed(offeredBelow: number): void {
    this.#offeredBelow = Math.max(this.#offeredBelow, offeredBelow);
  }

  /**
   * The `offeredBelow` to commit next, once less than one full round is left below the present one; `urgent` when there are free
   * slots and nobody to give them to before it is committed. Undefined = none is needed.
   */
  nextStep(): { readonly offeredBelow: number; readonly urgent: boolean } | undefined {
    if (this.#halted || this.#expired || this.#offeredBelow >= this.count) return undefined;
    const left = this.#offeredBelow - this.#cursor;
    if (left >= this.#maxConcurrency) return undefined;
    const offeredBelow = nextOfferedBelow(this.#offeredBelow, this.count, this.#maxConcurrency);
    return { offeredBelow, urgent: left === 0 && this.#inFlight < this.#maxConcurrency };
  }

  /** What follows from everything told so far; told once. `mayOffer`: false while the adopted job is still hearing of errors. */
  decide(mayOffer = true): Decision {
    const skip = this.#halted && this.#swept !== 'stopped' ? this.#sweep('stopped') : [];
    const expire = this.#expired && this.#swept === 'nothing' ? this.#sweep('expired') : [];
    const offer = this.#halted || !mayOffer ? [] : this.#offers();
    return { offer, cancel: this.cancels(), skip, expire, superseded: this.#superseded.splice(0) };
  }

  /** The cancels of the decision alone: what a coordinator that is fenced may still send. */
  cancels(): readonly number[] {
    const cancel = this.#cancels.filter((index) => this.#places[index] === place.inFlight);
    this.#cancels = [];
    return [...new Set(cancel)];
  }

  /** Nothing starts any more. */
  get #halted(): boolean {
    return this.stopped || this.#cancelled;
  }

  #offers(): number[] {
    const offer: number[] = [];
    while (this.#inFlight < this.#maxConcurrency) {
      const index = this.#ready.shift() ?? this.#advance();
      if (index === undefined) break;
      if (this.#places[index] !== place.ready && this.#places[index] !== place.queued) continue;
      if (this.#has(index, away)) {
        this.#places[index] = place.passed;
        continue;
      }
      if (this.#has(index, outdated)) {
        this.#queue(index);
        continue;
      }
      this.#set(index, fresh, !this.#has(index, touched));
      this.#take(index);
      offer.push(index);
    }
    return offer;
  }

  #advance(): number | undefined {
    if (this.#cursor >= this.#offeredBelow) return undefined;
    return this.#cursor++;
  }

  /** Ends what was never offered; what was, and is not in an agent's hands now, is for its agent to bury. */
  #sweep(why: 'expired' | 'stopped'): number[] {
    this.#swept = why;
    const never: number[] = [];
    const state = why === 'stopped' ? 'EXECUTION_STATE_SKIPPED' : 'EXECUTION_STATE_EXPIRED';
    for (let index = 0; index < this.count; index += 1) {
      if (this.#places[index] === place.ended) continue;
      if (!this.#has(index, touched)) {
        this.#states[index] = state;
        this.#end(index, state);
        never.push(index);
      } else if (this.#places[index] === place.ready && why === 'stopped') this.#queue(index);
    }
    return never;
  }

  /** Its turn, as soon as a slot is free; where nothing starts any more, its cancel. */
  #queue(index: number): void {
    if ((this.#halted || this.#has(index, outdated)) && this.#has(index, touched)) {
      this.#take(index);
      this.#cancels.push(index);
      return;
    }
    this.#places[index] = place.ready;
    this.#ready.push(index);
  }

  #giveBack(index: number): void {
    this.#places[index] = place.passed;
    this.#inFlight -= 1;
    if (!this.#has(index, away)) this.#queue(index);
  }

  #take(index: number): void {
    this.#flags[index] = (this.#flags[index] ?? 0) | touched;
    if (this.#places[index] === place.inFlight || this.#places[index] === place.ended) return;
    this.#places[index] = place.inFlight;
    this.#inFlight += 1;
  }

  #end(index: number, state: StateName): void {
    if (this.#places[index] === place.inFlight) this.#inFlight -= 1;
    this.#places[index] = place.ended;
    this.#ended += 1;
    if (isError(state)) this.#errors += 1;
  }

  #has(index: number, flag: number): boolean {
    return ((this.#flags[index] ?? 0) & flag) !== 0;
  }

  #set(index: number, flag: number, on: boolean): void {
    const flags = this.#flags[index] ?? 0;
    this.#flags[index] = on ? flags | flag : flags & ~flag;
  }
}
