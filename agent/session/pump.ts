import type { ConnectRequest } from '../../proto/gen/muster/v1/ConnectRequest.ts';
import type { ControlLane } from './control-lane.ts';
import type { Reads } from './reads.ts';

/** Output frames handed to the stream and not yet taken by the transport: what a control message may have to wait for. */
const maxOutputInFlight = 4;

/** The writing half of a grpc-js stream. */
export interface FrameSink {
  write(frame: ConnectRequest, taken?: () => void): boolean;
  once(event: 'drain', listener: () => void): unknown;
  end(): void;
}

/** Moves frames from the two lanes to the stream, control before output, as fast as the stream takes them and no faster. */
export class Pump {
  readonly #sink: FrameSink;
  readonly #control: ControlLane;
  readonly #reads: Reads;
  #outputInFlight = 0;
  #state: 'idle' | 'running' | 'blocked' | 'stopped' = 'idle';
  #draining = false;

  constructor({ sink, control, reads }: { sink: FrameSink; control: ControlLane; reads: Reads }) {
    this.#sink = sink;
    this.#control = control;
    this.#reads = reads;
  }

  /** Output frames that the transport has not taken. */
  get outputInFlight(): number {
    return this.#outputInFlight;
  }

  /** Something may have come into a lane. */
  wake(): void {
    if (this.#state !== 'idle') return;
    this.#state = 'running';
    while (this.#state === 'running') this.#state = this.#step();
  }

  /** Writes what the control lane holds, nothing of the output lane any more, and ends our half of the stream. */
  drain(): void {
    this.#draining = true;
    this.wake();
  }

  stop(): void {
    this.#state = 'stopped';
  }

  #step(): 'idle' | 'running' | 'blocked' | 'stopped' {
    const frame = this.#control.shift();
    if (frame) return this.#write(frame);
    if (this.#draining) {
      this.#sink.end();
      return 'stopped';
    }
    if (this.#outputInFlight >= maxOutputInFlight) return 'idle';
    const output = this.#reads.take();
    if (!output) return 'idle';
    this.#outputInFlight += 1;
    return this.#write({ output }, () => {
      this.#outputInFlight -= 1;
      this.wake();
    });
  }

  #write(frame: ConnectRequest, taken?: () => void): 'running' | 'blocked' {
    // write() takes the frame in any case; after false it would queue without bound.
    if (this.#sink.write(frame, taken)) return 'running';
    this.#sink.once('drain', () => {
      if (this.#state !== 'blocked') return;
      this.#state = 'idle';
      this.wake();
    });
    return 'blocked';
  }
}
