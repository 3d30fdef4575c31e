import type { ConnectRequest } from '../../proto/gen/muster/v1/ConnectRequest.ts';
import type { ExecutionId } from '../../shared/ids.ts';
import type { ExecutorEvent } from '../executor.ts';
import { eventFrame, newsOf } from './event-frame.ts';

/** Events beyond so many waiting frames are not queued but looked up again when their turn comes. */
const maxQueuedEvents = 256;
const maxQueuedFrames = 4096;

/**
 * What goes before output: Hello, events, heartbeats, answers. Bounded though events are never lost: of an execution whose
 * event found the lane long, only the id is kept, and its present state is said when the stream gets there.
 */
export class ControlLane {
  readonly #frames: ConnectRequest[] = [];
  readonly #behind = new Set<ExecutionId>();
  readonly #present: (execution: ExecutionId) => readonly ExecutorEvent[];

  constructor({ present }: { present: (execution: ExecutionId) => readonly ExecutorEvent[] }) {
    this.#present = present;
  }

  /** Frames and executions that wait. */
  get size(): number {
    return this.#frames.length + this.#behind.size;
  }

  /** Frames held in memory. */
  get frames(): number {
    return this.#frames.length;
  }

  /** False where the lane is full: the peer makes us say more than it listens to. */
  push(frame: ConnectRequest): boolean {
    if (this.#frames.length >= maxQueuedFrames) return false;
    this.#frames.push(frame);
    return true;
  }

  pushEvent(event: ExecutorEvent): void {
    if (this.#behind.has(event.execution)) return;
    if (this.#frames.length < maxQueuedEvents) this.#frames.push(eventFrame(event));
    else this.#behind.add(event.execution);
  }

  repeat(executions: Iterable<ExecutionId>): void {
    for (const execution of executions) this.#behind.add(execution);
  }

  shift(): ConnectRequest | undefined {
    while (this.#frames.length === 0) {
      const [execution] = this.#behind;
      if (execution === undefined) return undefined;
      this.#behind.delete(execution);
      // Released meanwhile: nothing is said of it.
      for (const event of newsOf(this.#present(execution))) this.#frames.push(eventFrame(event));
    }
    return this.#frames.shift();
  }
}
