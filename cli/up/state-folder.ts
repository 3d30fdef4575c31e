import { closeSync, existsSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { sleep } from '../../shared/time.ts';
import { UsageError } from '../usage-error.ts';
import { isAlive, type ProcessIdentity, processIdentity, signalProcess } from './process-identity.ts';

/** A part of a local cluster that runs. */
export interface NamedProcess extends ProcessIdentity {
  readonly name: string;
}

interface UpRecord {
  readonly up: ProcessIdentity;
  readonly children: readonly NamedProcess[];
}

/** What `muster up` keeps on disk: the store, a folder a node, logs, and who runs there now. Of one `up` at a time. */
export class StateFolder {
  readonly dir: string;
  readonly #file: string;
  readonly #self: ProcessIdentity;

  private constructor(dir: string) {
    this.dir = dir;
    this.#file = join(dir, 'up.json');
    this.#self = processIdentity(process.pid) ?? { pid: process.pid, startTicks: '' };
  }

  /** Takes the folder. Throws UsageError where another `up` has it; what a killed one left running is ended first. */
  static async open(path: string): Promise<StateFolder> {
    const folder = new StateFolder(resolve(path));
    mkdirSync(folder.dir, { recursive: true, mode: 0o700 });
    if (!existsSync(join(folder.dir, '.gitignore'))) writeFileSync(join(folder.dir, '.gitignore'), '*\n');
    const before = folder.#read();
    if (before && isAlive(before.up)) {
      throw new UsageError(
        `muster up runs in ${folder.dir} already (pid ${before.up.pid}): stop that one, or give another --state-dir`,
      );
    }
    await endAll(before?.children ?? []);
    folder.record([]);
    return folder;
  }

  /** Notes who runs, so that a later `up` can clean up after one that was killed. */
  record(children: readonly NamedProcess[]): void {
    writeFileSync(`${this.#file}.new`, JSON.stringify({ up: this.#self, children }));
    renameSync(`${this.#file}.new`, this.#file);
  }

  path(...parts: readonly string[]): string {
    return join(this.dir, ...parts);
  }

  /** Opens a log for appending. */
  openLog(name: string): { fd: number; path: string; close(): void } {
    mkdirSync(this.path('logs'), { recursive: true });
    const path = this.path('logs', `${name}.log`);
    const fd = openSync(path, 'a', 0o600);
    return { fd, path, close: () => closeSync(fd) };
  }

  release(): void {
    rmSync(this.#file, { force: true });
  }

  #read(): UpRecord | undefined {
    try {
      return JSON.parse(readFileSync(this.#file, 'utf8')) as UpRecord;
    } catch {
      return undefined;
    }
  }
}

async function endAll(left: readonly ProcessIdentity[]): Promise<void> {
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    for (const identity of left) signalProcess(identity, signal);
    for (let tries = 0; tries < 50 && left.some(isAlive); tries += 1) await sleep(100);
  }
}
