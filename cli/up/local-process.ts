import { readFileSync } from 'node:fs';
import { execa, type ResultPromise } from 'execa';
import { type ProcessIdentity, processIdentity, signalProcess } from './process-identity.ts';
import type { StateFolder } from './state-folder.ts';

const killAfterMs = 15_000;

export interface LocalProcessOptions {
  readonly name: string;
  /** What is run. */
  readonly program: string;
  readonly argv: readonly string[];
  readonly folder: StateFolder;
}

/** A replica, an agent or the etcd of a local cluster: its own session, its log in the state folder, ended by its pid. */
export class LocalProcess {
  readonly name: string;
  readonly logPath: string;
  readonly identity: ProcessIdentity | undefined;
  /** Resolves when it has ended, with how. */
  readonly ended: Promise<string>;
  readonly #child: ResultPromise;
  #running = true;

  constructor({ name, program, argv, folder }: LocalProcessOptions) {
    this.name = name;
    const log = folder.openLog(name);
    this.logPath = log.path;
    // Settings of ours are none of theirs; flags say all.
    const env = Object.fromEntries(Object.entries(process.env).filter(([key]) => !/^MUSTER_(?!DEBUG)/.test(key)));
    this.#child = execa(program, [...argv], {
      // Ctrl-C in a terminal goes to a whole group; these are to end in order.
      detached: true,
      cleanup: false,
      stdin: 'ignore',
      // Any descriptor will do; execa's types know the standard ones only.
      stdout: log.fd as 1,
      stderr: log.fd as 1,
      env,
      extendEnv: false,
      reject: false,
    });
    log.close();
    this.identity = this.#child.pid === undefined ? undefined : processIdentity(this.#child.pid);
    this.ended = this.#child.then(({ exitCode, signal, shortMessage }) => {
      this.#running = false;
      if (signal) return `was ended by ${signal}`;
      return exitCode === undefined ? String(shortMessage) : `exited with ${exitCode}`;
    });
  }

  get running(): boolean {
    return this.#running;
  }

  /** TERM, and KILL where that is not enough. */
  async stop(): Promise<void> {
    if (!this.#running || this.identity === undefined) return void (await this.ended);
    signalProcess(this.identity, 'SIGTERM');
    const { identity } = this;
    const timer = setTimeout(() => signalProcess(identity, 'SIGKILL'), killAfterMs);
    await this.ended;
    clearTimeout(timer);
  }

  /** The end of its log, for people. */
  lastLines(count: number): string {
    try {
      return readFileSync(this.logPath, 'utf8').trimEnd().split('\n').slice(-count).join('\n');
    } catch {
      return '';
    }
  }
}
