import type { Execution__Output } from '../../proto/gen/muster/v1/Execution.ts';
import { isTerminal, stateName } from '../job/execution-states.ts';

/** Counts executions by state as they move. */
export class Tally {
  readonly #states = new Map<string, string>();
  readonly #counts = new Map<string, number>();
  #total = 0;
  #over = 0;

  /** The job's own count: more than have been told of, while a snapshot is on its way. */
  expect(total: number): void {
    this.#total = Math.max(this.#total, total);
  }

  add(execution: Execution__Output): void {
    const before = this.#states.get(execution.id);
    const now = execution.undetermined ? 'UNDETERMINED' : stateName(execution.state);
    if (before === now) return;
    if (before !== undefined) this.#counts.set(before, (this.#counts.get(before) ?? 1) - 1);
    this.#states.set(execution.id, now);
    this.#counts.set(now, (this.#counts.get(now) ?? 0) + 1);
    if (isTerminal(execution.state) || execution.undetermined) this.#over += 1;
    this.expect(this.#states.size);
  }

  get total(): number {
    return this.#total;
  }
  get over(): number {
    return this.#over;
  }

  /** `3 succeeded, 1 failed`: what there is, in the order of the states, `but` left out. */
  text(but: readonly string[] = []): string {
    return stateOrder
      .filter((state) => !but.includes(state))
      .map((state) => [this.#counts.get(state) ?? 0, state] as const)
      .filter(([count]) => count > 0)
      .map(([count, state]) => `${count} ${state.toLowerCase().replace('_', ' ')}`)
      .join(', ');
  }
}

const stateOrder = [
  ...['SUCCEEDED', 'FAILED', 'TIMED_OUT', 'CANCELLED', 'INTERRUPTED', 'EXPIRED', 'REJECTED', 'SKIPPED', 'UNDETERMINED'],
  ...['RUNNING', 'DISPATCHED', 'PENDING'],
];
