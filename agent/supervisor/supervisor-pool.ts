import { join } from 'node:path';
import type { Log } from '../../shared/log.ts';
import { Cgroup } from '../sandbox/cgroup.ts';
import { isAlive } from '../sandbox/process-table.ts';
import { removeSpool } from './remove-spool.ts';
import { Supervisor, type SupervisorOptions } from './supervisor.ts';

/** How many supervisors may be on their way at once: each is a burst of forks. */
const maxStarting = 2;
const tries = 3;
/** What was taken is made up for a little later: its own start needs this process and the host's cores first. */
const refillMs = 10;

/** Keeps supervisors waiting at their gates, so that a start needs none of what does not depend on the order. */
export class SupervisorPool {
  readonly #options: SupervisorOptions;
  readonly #warm: number;
  readonly #log: Log;
  readonly #ready: Supervisor[] = [];
  readonly #wanted: { resolve: (supervisor: Supervisor) => void; reject: (error: unknown) => void; tries: number }[] =
    [];
  readonly #starting = new Set<Promise<void>>();
  #closed = false;
  #refill: NodeJS.Timeout | undefined;
  /** The last start failed and nobody waits: no use in trying over and over. */
  #resting = false;

  constructor(options: SupervisorOptions & { warm: number; log: Log }) {
    this.#options = options;
    this.#warm = options.warm;
    this.#log = options.log;
  }

  /** Starts what is to be kept warm. */
  fill(): void {
    while (!this.#closed && !this.#resting && this.#starting.size < maxStarting && this.#missing() > 0) {
      const starting = this.#start();
      this.#starting.add(starting);
      void starting.then(() => {
        this.#starting.delete(starting);
        this.fill();
      });
    }
  }

  /** A supervisor at its gate. Rejects where three in a row did not get there. */
  take(): Promise<Supervisor> {
    if (this.#closed) return Promise.reject(new Error('the agent is stopping'));
    this.#resting = false;
    for (let ready = this.#ready.shift(); ready; ready = this.#ready.shift()) {
      if (isAlive(ready.identity)) {
        this.#refill ??= setTimeout(() => {
          this.#refill = undefined;
          this.fill();
        }, refillMs).unref();
        return Promise.resolve(ready);
      }
      this.#discard(ready);
    }
    return new Promise((resolve, reject) => {
      this.#wanted.push({ resolve, reject, tries: 0 });
      this.fill();
    });
  }

  /** Ends the waiting ones; those that were taken belong to whoever took them. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#refill);
    for (const { reject } of this.#wanted.splice(0)) reject(new Error('the agent is stopping'));
    await Promise.all(this.#starting);
    await Promise.all(this.#ready.splice(0).map((supervisor) => this.dismiss(supervisor)));
  }

  #missing(): number {
    return this.#wanted.length + this.#warm - this.#ready.length - this.#starting.size;
  }

  async #start(): Promise<void> {
    try {
      const supervisor = await Supervisor.start(this.#options);
      const next = this.#wanted.shift();
      if (next) next.resolve(supervisor);
      else if (this.#closed) await this.dismiss(supervisor);
      else this.#ready.push(supervisor);
    } catch (error) {
      const next = this.#wanted[0];
      this.#log.error({ err: error }, 'a supervisor did not start');
      if (next && ++next.tries >= tries) this.#wanted.shift()?.reject(error);
      // Where nobody waits, the next one who does makes it try again.
      if (this.#wanted.length === 0) this.#resting = true;
    }
  }

  /** Ends one that was sent nothing, and removes what was made for it. */
  async dismiss(supervisor: Supervisor): Promise<void> {
    supervisor.close();
    await supervisor.gone;
    this.#discard(supervisor);
  }

  #discard(supervisor: Supervisor): void {
    supervisor.close();
    if (supervisor.cgroup) {
      const cgroup = new Cgroup({ path: supervisor.cgroup });
      cgroup.signal(9);
      cgroup.remove();
    }
    removeSpool(join(this.#options.spoolDir, supervisor.spool));
  }
}
