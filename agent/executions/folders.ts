import { mkdirSync, readdirSync } from 'node:fs';
import { mkdir, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type ExecutionId, parseExecutionId } from '../../shared/ids.ts';
import { GroupCommit } from '../journal/group-commit.ts';
import { removeSpool } from '../supervisor/remove-spool.ts';

/** Where executions and their output lie: a folder for each id, kept as long as the id, and a folder for each spool. */
export class Folders {
  /** Of all execution folders. */
  readonly executions: string;
  /** Of all spool folders. */
  readonly spools: string;
  /** Where commands run that name no place. */
  readonly work: string;
  readonly #sync = new GroupCommit<void>({ commit: () => this.#syncNames() });

  /** Makes them where they are not there. */
  constructor(options: { stateDir: string; root: boolean }) {
    const { stateDir, root } = options;
    // It is the end of a line that a shell reads.
    if (stateDir.includes('\n')) throw new Error('the path of the state folder has a line break in it');
    this.executions = join(stateDir, 'executions');
    this.spools = join(stateDir, 'spool');
    this.work = root ? '/' : join(stateDir, 'work');
    for (const path of [this.executions, this.spools, this.work]) mkdirSync(path, { recursive: true, mode: 0o700 });
  }

  /** An id's folder; ids hold hex digits, digits and `/` only. */
  execution(id: ExecutionId): string {
    return join(this.executions, id.replaceAll('/', '.'));
  }

  spool(name: string): string {
    return join(this.spools, name);
  }

  /** Makes an id's folder, durably. */
  async create(id: ExecutionId): Promise<string> {
    const path = this.execution(id);
    await mkdir(path, { recursive: true, mode: 0o700 });
    await this.#sync.add();
    return path;
  }

  /** Deletes an id's folder, durably. */
  async remove(id: ExecutionId): Promise<void> {
    await rm(this.execution(id), { recursive: true, force: true });
    await this.#sync.add();
  }

  /** Ids that have a folder. */
  ids(): ExecutionId[] {
    const ids = readdirSync(this.executions).map((name) => name.replaceAll('.', '/'));
    return ids.filter((id): id is ExecutionId => parseExecutionId(id) !== undefined);
  }

  /** Whether anything was prepared in an id's folder: before that it can't have begun. */
  begun(id: ExecutionId): boolean {
    return readdirSync(this.execution(id)).some((name) => name !== 'stdin');
  }

  spoolNames(): string[] {
    return readdirSync(this.spools);
  }

  removeSpool(name: string): void {
    removeSpool(this.spool(name));
  }

  async #syncNames(): Promise<void> {
    const directory = await open(this.executions, 'r');
    try {
      await directory.sync();
    } finally {
      await directory.close();
    }
  }
}
