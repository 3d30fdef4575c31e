import type { ExecutionId } from '../../shared/ids.ts';
import { type LaneCandidate, nextInLane } from './lanes.ts';

interface Waiting extends LaneCandidate {
  readonly id: ExecutionId;
  readonly onPlace: () => void;
}

interface Lane {
  readonly running: Set<ExecutionId>;
  readonly waiting: Map<ExecutionId, Waiting>;
  /** Turns on their way to the journal: nobody behind them starts before they have entered, or were given up. */
  readonly coming: Set<number>;
}

/**
 * Who runs and who waits in each lane of the node. Lives as long as the agent; the next one makes it anew of the journal, those
 * that have STARTING before those that wait.
 */
export class LanePlaces {
  readonly #lanes = new Map<string, Lane>();
  #turns = 0;

  /** The next place in the journal; to be asked for in its order. With a lane, whoever gets it must `enter` or `giveUp`. */
  nextTurn(lane?: string): number {
    this.#turns += 1;
    if (lane !== undefined) this.#lane(lane).coming.add(this.#turns);
    return this.#turns;
  }

  /** It does not enter, or not yet. Again, and after it has entered, is harmless. */
  giveUp(lane: string, turn: number): void {
    const places = this.#lanes.get(lane);
    if (!places?.coming.delete(turn)) return;
    this.#fill(places);
    this.#forget(lane, places);
  }

  /** It runs, or may: an earlier agent gave it a place. */
  hold(lane: string, id: ExecutionId): void {
    this.#lane(lane).running.add(id);
  }

  /** Waits for a place; `onPlace` is called when it has one, which may be at once. Nothing where it has one already. */
  enter(lane: string, waiting: Waiting): void {
    const places = this.#lane(lane);
    places.coming.delete(waiting.turn);
    if (places.running.has(waiting.id)) return waiting.onPlace();
    places.waiting.set(waiting.id, waiting);
    this.#fill(places);
  }

  /** It is over, or does not want to start any more: its place is another's. */
  leave(lane: string, id: ExecutionId): void {
    const places = this.#lanes.get(lane);
    if (places === undefined) return;
    places.running.delete(id);
    places.waiting.delete(id);
    this.#fill(places);
    this.#forget(lane, places);
  }

  #forget(lane: string, { running, waiting, coming }: Lane): void {
    if (running.size === 0 && waiting.size === 0 && coming.size === 0) this.#lanes.delete(lane);
  }

  #lane(name: string): Lane {
    let lane = this.#lanes.get(name);
    if (lane === undefined) {
      lane = { running: new Set(), waiting: new Map(), coming: new Set() };
      this.#lanes.set(name, lane);
    }
    return lane;
  }

  #fill({ running, waiting, coming }: Lane): void {
    if (waiting.size === 0) return;
    const first = Math.min(...coming);
    const ready = [...waiting.values()].filter(({ turn }) => turn < first);
    const next = nextInLane(running.size, ready);
    for (const { id } of next) {
      waiting.delete(id);
      running.add(id);
    }
    for (const { onPlace } of next) onPlace();
  }
}
