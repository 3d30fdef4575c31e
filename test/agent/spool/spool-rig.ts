import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, existsSync, openSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { type FileHandle, mkdtemp, open, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { pino } from 'pino';
import type { OutputPiece, OutputReader, StreamName } from '../../../agent/executor.ts';
import { drainArgs } from '../../../agent/spool/drain.ts';
import type { DrainName } from '../../../agent/spool/layout.ts';
import { Spool, type SpoolOptions } from '../../../agent/spool/spool.ts';
import { systemClock } from '../../../shared/time.ts';

/** A spool folder with real FIFOs and real drains; the test holds the writing ends, as the supervisor would. */
export class SpoolRig {
  readonly dir: string;
  /** On another disk where the spool has one of its own. */
  readonly #home: string;
  readonly nonce = randomBytes(16);
  readonly segmentBytes: number;
  readonly #spools: Spool[] = [];
  readonly #adopted: number[] = [];
  readonly #held = new Map<DrainName, FileHandle>();

  private constructor(dir: string, home: string, segmentBytes: number) {
    this.dir = dir;
    this.#home = home;
    this.segmentBytes = segmentBytes;
  }

  static async make(
    t: TestContext,
    options: { segmentBytes?: number; bound?: string; parent?: string; drains?: boolean } = {},
  ): Promise<SpoolRig> {
    const dir = await realpath(await mkdtemp(join(options.parent ?? tmpdir(), 'spool-')));
    const home = await mkdtemp(join(tmpdir(), 'execution-'));
    const rig = new SpoolRig(dir, home, options.segmentBytes ?? 16 * 1024 * 1024);
    t.after(() => rig.#clean());
    const fifos = ['out.fifo', 'err.fifo', 'out.alive', 'err.alive'];
    execFileSync(
      'mkfifo',
      fifos.map((name) => join(dir, name)),
    );
    if (options.bound !== undefined) await writeFile(join(dir, 'bound'), options.bound);
    for (const stream of ['out', 'err'] as const) {
      rig.#held.set(stream, await open(join(dir, `${stream}.fifo`), 'r+'));
      if (options.drains !== false) rig.startDrain(stream);
    }
    return rig;
  }

  startDrain(stream: DrainName): ChildProcess {
    const fifo = join(this.dir, `${stream}.fifo`);
    const held = openSync(fifo, 'r+');
    const reading = openSync(fifo, 'r');
    const args = drainArgs({ dir: this.dir, stream }, this.segmentBytes);
    const child = spawn('sh', args, { stdio: [reading, 'ignore', 'inherit'] });
    closeSync(reading);
    closeSync(held);
    return child;
  }

  /** A process whose standard output and error are the FIFOs. */
  async run(command: string): Promise<number | null> {
    const child = this.start(command);
    return await new Promise((resolve) => child.once('exit', resolve));
  }

  start(command: string): ChildProcess {
    return spawn('sh', ['-c', `exec >out.fifo 2>err.fifo\n${command}`], { cwd: this.dir, stdio: 'ignore' });
  }

  /** A process to be ended with the test. */
  adopt(pid: number): void {
    this.#adopted.push(pid);
  }

  async write(stream: DrainName, data: Buffer | string): Promise<void> {
    const fifo = await open(join(this.dir, `${stream}.fifo`), 'w');
    await fifo.writeFile(data);
    await fifo.close();
  }

  /** What a supervisor does when the command has ended. */
  async exit(options: { nonce?: boolean } = {}): Promise<void> {
    await writeFile(join(this.#home, 'exit'), '0\n');
    if (options.nonce === false) return;
    await this.write('out', this.nonce);
    await this.write('err', this.nonce);
  }

  /** The supervisor's end. */
  async letGo(): Promise<void> {
    for (const held of this.#held.values()) await held.close();
    this.#held.clear();
  }

  async open(options: Partial<SpoolOptions> = {}): Promise<Spool> {
    const spool = await Spool.open({
      dir: this.dir,
      nonce: this.nonce,
      segmentBytes: this.segmentBytes,
      exitComplete: () => existsSync(join(this.#home, 'exit')),
      supervisorAlive: () => this.#held.size > 0,
      clock: systemClock,
      log: pino({ level: 'silent' }),
      ...options,
    });
    this.#spools.push(spool);
    return spool;
  }

  async pid(stream: DrainName): Promise<number> {
    const text = await until(async () => {
      const found = await readFile(join(this.dir, `${stream}.pid`), 'latin1').catch(() => '');
      return found.endsWith('\n') ? found : undefined;
    });
    return Number(text);
  }

  async #clean(): Promise<void> {
    for (const spool of this.#spools) await spool.close();
    for (const pid of this.#adopted) process.kill(pid, 'SIGKILL');
    await this.letGo();
    // Whoever started them: with the last writer gone every drain ends.
    await until(() => processesIn(this.dir).length === 0).catch(() => {
      const left = processesIn(this.dir).map(({ argv }) => argv.join(' '));
      throw new Error(`drains are left behind: ${left.join(', ')}`);
    });
    await rm(this.dir, { recursive: true, force: true });
    await rm(this.#home, { recursive: true, force: true });
  }
}

/** Living processes whose working directory is `dir`: a drain's. */
export function processesIn(dir: string): { pid: number; argv: string[] }[] {
  return readdirSync('/proc').flatMap((pid) => {
    if (!/^[0-9]+$/.test(pid)) return [];
    try {
      const argv = readFileSync(`/proc/${pid}/cmdline`, 'latin1').split('\0').slice(0, -1);
      return readlinkSync(`/proc/${pid}/cwd`) === dir && argv.length > 0 ? [{ pid: Number(pid), argv }] : [];
    } catch {
      return [];
    }
  });
}

/** Everything a reader gives up to the end, the data of each run of bytes joined. */
export async function readAll(
  reader: OutputReader,
  maxBytes = 65536,
): Promise<{ data: Buffer; pieces: OutputPiece[] }> {
  const pieces: OutputPiece[] = [];
  const parts: Buffer[] = [];
  for (;;) {
    const piece = await reader.read(maxBytes);
    if (piece.type === 'data') parts.push(piece.data);
    else pieces.push(piece);
    if (piece.type === 'end') break;
  }
  reader.close();
  return { data: Buffer.concat(parts), pieces };
}

/** Reads until `bytes` have come. */
export async function readBytes(reader: OutputReader, bytes: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  for (let left = bytes; left > 0; ) {
    const piece = await reader.read(left);
    if (piece.type !== 'data') throw new Error(`expected data, came ${JSON.stringify(piece)}`);
    parts.push(piece.data);
    left -= piece.data.length;
  }
  return Buffer.concat(parts);
}

/** The first value `look` gives; fails after 20 s. */
export async function until<T>(look: () => Promise<T | undefined> | T | undefined): Promise<T> {
  const deadline = performance.now() + 20_000;
  for (;;) {
    const value = await look();
    if (value !== undefined && value !== false) return value;
    if (performance.now() > deadline) throw new Error('it did not come to that');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

export const streams: readonly StreamName[] = ['stdout', 'stderr'];
