import type { ExecutionId } from '../../shared/ids.ts';
import type { Log } from '../../shared/log.ts';
import type { Ending, EndingCause } from '../journal/record.ts';
import type { ExecutionPorts } from './ports.ts';

export interface EndRequest {
  readonly signal: number;
  readonly graceMs: number;
}

const againMs = 1000;
/** A disk that refuses this often must not keep a command running for ever. */
const mostFailures = 3;

/** What was asked for to end one execution: on disk first, then to be signalled, once each. */
export class EndRequests {
  readonly #id: ExecutionId;
  readonly #ports: Pick<ExecutionPorts, 'journal' | 'clock' | 'bootClock'>;
  readonly #log: Log;
  readonly #over: () => boolean;
  readonly #onRequest: () => void;
  readonly #taken: EndRequest[] = [];
  readonly #unsent: EndRequest[] = [];
  /** It is acted upon though the journal has not taken it. */
  #unwritten: Ending | undefined;

  constructor(options: {
    id: ExecutionId;
    ports: Pick<ExecutionPorts, 'journal' | 'clock' | 'bootClock'>;
    log: Log;
    /** Nothing is to be ended any more. */
    over: () => boolean;
    /** There is something to be sent. */
    onRequest: () => void;
  }) {
    this.#id = options.id;
    this.#ports = options.ports;
    this.#log = options.log;
    this.#over = options.over;
    this.#onRequest = options.onRequest;
  }

  /** The first one: it decides the final state. */
  get ending(): Ending | undefined {
    return this.#ports.journal.get(this.#id)?.ending ?? this.#unwritten;
  }

  /** Journals it, however often the disk refuses that, then lets it be sent; one no sharper than what was taken before is passed over. */
  async take(cause: EndingCause, { signal, graceMs }: EndRequest, overrunMs: number): Promise<void> {
    const { journal, clock, bootClock } = this.#ports;
    const before = this.ending;
    if (this.#over() || isCovered({ signal, graceMs }, before ? [...this.#taken, before] : this.#taken)) return;
    this.#taken.push({ signal, graceMs });
    const ending = { cause, monotonicMs: bootClock(), signal, graceMs, overrunMs: Math.round(overrunMs) };
    for (let failures = 0; journal.get(this.#id)?.ending === undefined; ) {
      try {
        await journal.append({ type: 'ending', id: this.#id, ending });
        this.#log.info({ cause, signal, 'grace.ms': graceMs }, 'ending');
        if (failures >= mostFailures) return;
      } catch (err) {
        if (this.#over()) return;
        this.#log.error({ err, cause }, 'an end could not be journaled; trying again');
        if (++failures === mostFailures) {
          this.#unwritten ??= ending;
          this.#send({ signal, graceMs });
        }
        await new Promise<void>((resolve) => clock.after(againMs, resolve));
        if (this.#over() || (failures >= mostFailures && journal.get(this.#id)?.ending)) return;
      }
    }
    if (!this.#over()) this.#send({ signal, graceMs });
  }

  /** What an earlier agent began comes before what is asked for on top of it. */
  resume(request: EndRequest): void {
    if (!isCovered(request, this.#unsent)) this.#unsent.unshift(request);
  }

  /** What is to be sent now; nothing of it is handed out again. */
  unsent(): EndRequest[] {
    return this.#unsent.splice(0);
  }

  #send(request: EndRequest): void {
    this.#unsent.push(request);
    this.#onRequest();
  }
}

/** Reconnected replicas repeat what they asked for: the same signal with a grace no shorter adds nothing, nor does anything to KILL. */
export function isCovered({ signal, graceMs }: EndRequest, taken: readonly EndRequest[]): boolean {
  return taken.some((each) => each.signal === 9 || (each.signal === signal && each.graceMs <= graceMs));
}
