import assert from 'node:assert/strict';
import { nextOfferedBelow, Rollout } from '../../../server/jobs/run/rollout.ts';
import type { StateName } from '../../../server/jobs/states.ts';

interface Agent {
  connected: boolean;
  /** Frames its holder has for it; gone with the session. */
  inbox: ('start' | 'cancel')[];
  has: StateName | undefined;
  starts: number;
  /** A `Start` was put into a session once. */
  sent: boolean;
}

/** Agents, sessions and a store around a rollout, simple enough to be believed. Results reach the store at once or never. */
export class World {
  readonly agents: Agent[];
  readonly stored = new Map<number, StateName>();
  readonly count: number;
  readonly maxConcurrency: number;
  readonly maxErrors: number;
  rollout: Rollout;
  committed: number;
  cancelled = false;
  expired = false;
  errors = 0;
  offersAfterStop = 0;
  readonly outdated = new Set<number>();

  constructor(options: {
    count: number;
    maxConcurrency: number;
    maxErrors: number;
    away: ReadonlySet<number>;
    committed?: number;
  }) {
    this.count = options.count;
    this.maxConcurrency = options.maxConcurrency;
    this.maxErrors = options.maxErrors;
    this.committed = options.committed ?? nextOfferedBelow(0, this.count, this.maxConcurrency);
    this.agents = Array.from({ length: this.count }, (_, index) => {
      return { connected: !options.away.has(index), inbox: [], has: undefined, starts: 0, sent: false };
    });
    this.rollout = this.#drive(false);
  }

  #drive(adopted: boolean): Rollout {
    const { count, maxConcurrency, maxErrors, committed: offeredBelow } = this;
    return new Rollout({
      count,
      maxConcurrency,
      maxErrors,
      offeredBelow,
      adopted,
      stateAt: (index) => this.stored.get(index) ?? 'EXECUTION_STATE_PENDING',
      isAway: (index) => !this.at(index).connected,
    });
  }

  at(index: number): Agent {
    return this.agents[index] as Agent;
  }

  /** The replica that drove the job is gone; another one adopts it and asks every holder. */
  adopt(): void {
    this.rollout = this.#drive(true);
    if (this.cancelled) this.rollout.cancel();
    if (this.expired) this.rollout.expire();
    this.rollout.supersede(this.outdated);
    for (const [index, agent] of this.agents.entries()) if (agent.connected) this.#tellWhatItHas(index, agent);
  }

  #tellWhatItHas(index: number, agent: Agent): void {
    if (agent.has) this.#result(index, agent.has);
    else if (!agent.inbox.includes('start')) this.rollout.missing(index);
  }

  #result(index: number, state: StateName): void {
    if (!this.rollout.report(index, state)) return;
    if (state === 'EXECUTION_STATE_RUNNING') return;
    this.#store(index, state);
  }

  #store(index: number, state: StateName): void {
    assert.equal(this.stored.has(index), false, `target ${index} ended twice`);
    this.stored.set(index, state);
    if (state !== 'EXECUTION_STATE_SUCCEEDED' && state !== 'EXECUTION_STATE_SKIPPED') this.errors += 1;
  }

  /** Asks for the decision; a coordinator that dies at once carries out only the first `lasting` of its parts. */
  decide(lasting = Number.POSITIVE_INFINITY): readonly number[] {
    let left = lasting;
    const alive = (): boolean => left-- > 0;
    const halted = this.cancelled || this.errors > this.maxErrors;
    const { offer, cancel, skip, expire, superseded } = this.rollout.decide();
    for (const index of offer) {
      assert.ok(index < this.committed, 'offered above what the store knows');
      assert.equal(this.stored.has(index), false, 'offered though it is over');
      assert.ok(this.at(index).connected, 'offered to nobody');
      assert.equal(this.outdated.has(index), false, 'offered though a newer order has it');
      if (halted) this.offersAfterStop += 1;
      if (alive()) {
        this.at(index).inbox.push('start');
        this.at(index).sent = true;
      }
    }
    for (const index of cancel) if (alive() && this.at(index).connected) this.at(index).inbox.push('cancel');
    for (const [indexes, state] of [
      [skip, 'EXECUTION_STATE_SKIPPED'],
      [expire, 'EXECUTION_STATE_EXPIRED'],
      [superseded, 'EXECUTION_STATE_SKIPPED'],
    ] as const) {
      for (const index of indexes) {
        assert.equal(this.at(index).sent, false, `the server ended ${index}, which had been offered`);
        if (alive()) this.#store(index, state);
      }
    }
    if (Number.isFinite(lasting)) this.adopt();
    return offer;
  }

  commitStep(): void {
    const step = this.rollout.nextStep();
    if (step === undefined) return;
    assert.ok(step.offeredBelow > this.committed && step.offeredBelow <= this.count);
    this.committed = step.offeredBelow;
    this.rollout.committed(step.offeredBelow);
  }

  /** The agent takes what its session holds. */
  deliver(index: number): void {
    const agent = this.at(index);
    for (const frame of agent.inbox.splice(0)) {
      if (frame === 'cancel' && (agent.has === undefined || agent.has === 'EXECUTION_STATE_RUNNING')) {
        agent.has = 'EXECUTION_STATE_CANCELLED';
      } else if (frame === 'start' && agent.has === undefined) {
        agent.has = this.expired ? 'EXECUTION_STATE_EXPIRED' : 'EXECUTION_STATE_RUNNING';
        if (!this.expired) agent.starts += 1;
      }
      if (agent.has && agent.connected) this.#result(index, agent.has);
    }
  }

  finish(index: number, succeeds: boolean): void {
    const agent = this.at(index);
    if (agent.has !== 'EXECUTION_STATE_RUNNING') return;
    agent.has = succeeds ? 'EXECUTION_STATE_SUCCEEDED' : 'EXECUTION_STATE_FAILED';
    if (agent.connected) this.#result(index, agent.has);
  }

  disconnect(index: number): void {
    const agent = this.at(index);
    if (!agent.connected) return;
    agent.connected = false;
    agent.inbox = [];
    this.rollout.setAway(index, true);
  }

  connect(index: number): void {
    const agent = this.at(index);
    if (agent.connected) return;
    agent.connected = true;
    this.rollout.setAway(index, false);
    this.#tellWhatItHas(index, agent);
  }

  cancel(): void {
    this.cancelled = true;
    this.rollout.cancel();
  }

  /** A newer order of the same key has these. */
  supersede(indexes: readonly number[]): void {
    for (const index of indexes) this.outdated.add(index);
    this.rollout.supersede(indexes);
  }

  expire(): void {
    this.expired = true;
    this.rollout.expire();
  }

  /** Executions that run or are on their way to. */
  get active(): number {
    return this.agents.filter(({ has, inbox }) => {
      return has === 'EXECUTION_STATE_RUNNING' || (has === undefined && inbox.includes('start'));
    }).length;
  }

  /** Everybody comes back and everything runs to its end. */
  settle(): void {
    for (const index of this.agents.keys()) this.connect(index);
    this.decide();
    for (let round = 0; !this.rollout.complete; round += 1) {
      assert.ok(round <= 4 * this.count + 4, `stuck with ${this.rollout.inFlight} in flight`);
      this.commitStep();
      this.decide();
      for (const index of this.agents.keys()) {
        this.deliver(index);
        this.finish(index, true);
      }
    }
  }
}
