import type { Log } from '../shared/log.ts';
import type { Clock, Timer } from '../shared/time.ts';
import { failuresAfter, type ReconnectSettings, reconnectWaitMs } from './reconnect-wait.ts';
import { ServerRotation } from './server-rotation.ts';
import { Session, type SessionOptions, type SessionOutcome } from './session/session.ts';

export interface ConnectionOptions extends Omit<SessionOptions, 'server' | 'settings'> {
  /** Addresses of replicas, `host:port`; dialled in random order. */
  readonly servers: readonly string[];
  readonly settings: SessionOptions['settings'] & ReconnectSettings;
  /** Called when a session is over, live or not. */
  readonly onOver?: (outcome: SessionOutcome, server: string) => void;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

/** The outer loop: one session after another until closed. */
export class Connection {
  readonly #options: ConnectionOptions;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #servers: ServerRotation;
  #session: Session | undefined;
  #wait: { timer: Timer; done: () => void } | undefined;
  #closed = false;
  #running: Promise<void> | undefined;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#servers = new ServerRotation(options.servers, options.random);
  }

  /** The session of now, live or not yet. */
  get session(): Session | undefined {
    return this.#session;
  }

  /** Begins; does nothing when called again. */
  start(): void {
    this.#running ??= this.#run();
  }

  /** Says what is queued, ends the session; resolves when it is over. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#session?.close();
    this.#wait?.timer.cancel();
    this.#wait?.done();
    await this.#running;
  }

  async #run(): Promise<void> {
    let failures = 0;
    while (!this.#closed) {
      const server = this.#servers.next();
      const session = new Session({ ...this.#options, server });
      this.#session = session;
      const outcome = await session.run();
      this.#session = undefined;
      this.#options.onOver?.(outcome, server);
      if (this.#closed) return;
      const { settings, random } = this.#options;
      const waitMs = reconnectWaitMs({ outcome, failures, servers: this.#servers.size, settings, random });
      failures = failuresAfter(failures, outcome);
      this.#log.debug({ 'session.wait_ms': Math.round(waitMs) }, 'waits before it dials again');
      await this.#sleep(waitMs);
    }
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#wait = { timer: this.#clock.after(ms, resolve), done: resolve };
    });
  }
}
