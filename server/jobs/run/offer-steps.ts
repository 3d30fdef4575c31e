import type { JobWriter } from './job-writer.ts';
import type { Rollout } from './rollout.ts';

export interface OfferStep {
  readonly offeredBelow: number;
}

/** Commits how far a job may be offered before it is: a step that is urgent alone, any other along with a batch of results. */
export class OfferSteps {
  readonly #rollout: Rollout;
  readonly #writer: JobWriter;
  readonly #step: () => void;
  readonly #stepLater: () => void;
  readonly #failed: (error: unknown) => void;
  #underWay = false;

  /** `step` goes on with what may be offered now, `stepLater` after a pause. */
  constructor(options: {
    rollout: Rollout;
    writer: JobWriter;
    step: () => void;
    stepLater: () => void;
    failed: (error: unknown) => void;
  }) {
    this.#rollout = options.rollout;
    this.#writer = options.writer;
    this.#step = options.step;
    this.#stepLater = options.stepLater;
    this.#failed = options.failed;
  }

  /** The step to commit now, if any: `end` has to follow. */
  begin(urgent: boolean): OfferStep | undefined {
    const next = this.#underWay ? undefined : this.#rollout.nextStep();
    if (next === undefined || (urgent && !next.urgent)) return undefined;
    this.#underWay = true;
    return { offeredBelow: next.offeredBelow };
  }

  end(committed: boolean, offeredBelow: number): void {
    this.#underWay = false;
    if (!committed) return this.#stepLater();
    this.#rollout.committed(offeredBelow);
    this.#step();
  }

  /** Commits a step that is urgent. */
  async raise(): Promise<void> {
    const next = this.begin(true);
    if (next === undefined) return;
    try {
      await this.#writer.update(next);
      this.end(true, next.offeredBelow);
    } catch (error) {
      this.#failed(error);
      this.end(false, next.offeredBelow);
    }
  }
}
