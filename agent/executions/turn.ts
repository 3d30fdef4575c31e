import type { ExecutionId } from '../../shared/ids.ts';
import type { ValidOrder } from '../../shared/order.ts';
import type { FolderEvents } from './folder-events.ts';
import type { ExecutionPorts } from './ports.ts';

const maxTimerMs = 2 ** 31;

/** When one execution may start: not before its time, and not before its lane has a place for it. */
export class Turn {
  readonly #id: ExecutionId;
  readonly #order: ValidOrder | undefined;
  readonly #turn: number;
  readonly #ports: Pick<ExecutionPorts, 'lanes' | 'clock'>;
  readonly #events: FolderEvents;
  readonly #stopped: () => boolean;
  #placed = false;

  constructor(options: {
    readonly id: ExecutionId;
    readonly order: ValidOrder | undefined;
    /** Its place in the journal. */
    readonly turn: number;
    /** An earlier agent has begun to start it: it has its place. */
    readonly placed: boolean;
    readonly ports: Pick<ExecutionPorts, 'lanes' | 'clock'>;
    /** Raised when `stopped` comes true. */
    readonly events: FolderEvents;
    readonly stopped: () => boolean;
  }) {
    this.#id = options.id;
    this.#order = options.order;
    this.#turn = options.turn;
    this.#ports = options.ports;
    this.#events = options.events;
    this.#stopped = options.stopped;
    const { lane } = options.order ?? {};
    if (!lane || !options.placed) return;
    this.#placed = true;
    this.#ports.lanes.hold(lane.name, this.#id);
  }

  /** True once it may start; false where it was stopped before, or came too late. */
  async come(): Promise<boolean> {
    const order = this.#order;
    if (order === undefined) return false;
    const { lane } = order;
    // One that may not start yet stands in nobody's way.
    if (lane && order.notBeforeUnixMs > this.#ports.clock.now()) this.#ports.lanes.giveUp(lane.name, this.#turn);
    await this.until(order.notBeforeUnixMs);
    if (lane === undefined) return !this.#stopped();
    const { clock, lanes } = this.#ports;
    const { changed } = this.#events;
    const lateUnixMs = Math.min(order.expiresUnixMs, order.deliveryDeadlineUnixMs);
    const { name, concurrency } = lane;
    for (;;) {
      const { version } = changed;
      const leftMs = lateUnixMs - clock.now();
      if (this.#stopped() || leftMs <= 0) {
        if (!this.#placed) this.over();
        return false;
      }
      const onPlace = (): void => {
        this.#placed = true;
        changed.raise();
      };
      if (!this.#placed) lanes.enter(name, { id: this.#id, turn: this.#turn, concurrency, onPlace });
      if (this.#placed) return true;
      await this.#events.past(version, Math.min(leftMs, maxTimerMs));
    }
  }

  /** Resolves at a time, or when stopped. */
  async until(unixMs: number): Promise<void> {
    const { changed } = this.#events;
    for (;;) {
      const { version } = changed;
      const leftMs = unixMs - this.#ports.clock.now();
      if (leftMs <= 0 || this.#stopped()) return;
      await this.#events.past(version, Math.min(leftMs, maxTimerMs));
    }
  }

  /** The execution is over: its place is another's. */
  over(): void {
    const lane = this.#order?.lane;
    if (lane === undefined) return;
    this.#ports.lanes.giveUp(lane.name, this.#turn);
    this.#ports.lanes.leave(lane.name, this.#id);
  }
}
