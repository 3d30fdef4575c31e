import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { statfsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Cgroup, type CgroupBase } from '../sandbox/cgroup.ts';
import { type ProcessIdentity, signalProcess, viewProcess } from '../sandbox/process-table.ts';
import { defaultSegmentBytes } from '../spool/layout.ts';
import { removeSpool } from './remove-spool.ts';
import type { ShellTraits } from './shell-probe.ts';

export interface SupervisorOptions {
  /** Folder of all spool folders. */
  readonly spoolDir: string;
  readonly traits: ShellTraits;
  /** Undefined = no cgroups here. */
  readonly cgroups: CgroupBase | undefined;
  /** Name of the fail point it stops at; empty = none. */
  readonly failpoint: string;
}

const script = join(import.meta.dirname, 'supervisor.sh');
const launcher = join(import.meta.dirname, 'launcher.sh');
const drain = join(import.meta.dirname, '../spool/drain.sh');
/** From its fork to its gate; a host slower than this can't be told from one that is stuck. */
const readyTimeoutMs = 60_000;

/**
 * A shell at its gate: folder, FIFOs, drains and the command's own process are ready, nothing runs. It lives until its gate is
 * closed, or, once `send` was called, until the command has ended, whatever becomes of the agent.
 */
export class Supervisor {
  readonly identity: ProcessIdentity;
  /** The process that becomes the command. */
  readonly leader: ProcessIdentity;
  /** Name of its spool folder. */
  readonly spool: string;
  readonly cgroup: string | undefined;
  /** Resolves, never rejects, when its process has gone. */
  readonly gone: Promise<void>;
  readonly #gate: NodeJS.WritableStream;
  readonly #child: ChildProcess;
  #sent = false;

  private constructor(options: {
    identity: ProcessIdentity;
    leader: ProcessIdentity;
    spool: string;
    cgroup: string | undefined;
    gone: Promise<void>;
    gate: NodeJS.WritableStream;
    child: ChildProcess;
  }) {
    this.identity = options.identity;
    this.leader = options.leader;
    this.spool = options.spool;
    this.cgroup = options.cgroup;
    this.gone = options.gone;
    this.#gate = options.gate;
    this.#child = options.child;
  }

  /** Starts one and waits until it is at its gate. Rejects where it does not get there; then nothing of it is left. */
  static async start(options: SupervisorOptions): Promise<Supervisor> {
    const { spoolDir, traits, cgroups, failpoint } = options;
    const spool = randomBytes(8).toString('hex');
    const folder = join(spoolDir, spool);
    await mkdir(folder, { mode: 0o700 });
    const cgroup = cgroups && new Cgroup({ path: join(cgroups.path, spool) });
    if (cgroup) await mkdir(cgroup.path, { recursive: true });
    const places = [
      folder,
      drain,
      launcher,
      traits.shell,
      cgroup?.path ?? '-',
      cgroups?.supervisors ?? '-',
      traits.prefix,
      roomy(folder) ? 'roomy' : '',
    ];
    const child = spawn(traits.shell, [script, ...places], {
      cwd: '/',
      detached: true,
      stdio: 'pipe',
      env: { PATH: process.env.PATH ?? '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C', MUSTER_FAILPOINT: failpoint },
    });
    const { stdin, stdout, stderr } = child;
    // The gate of one that is gone: `send` rejects, nothing else is to be known.
    stdin.on('error', () => {});
    const gone = new Promise<void>((resolve) => {
      child.once('exit', () => resolve());
      child.once('error', () => resolve());
    });
    try {
      const leaderPid = await readyLine(stdout, stderr);
      const identity = identify(child.pid);
      const leader = identify(leaderPid);
      child.unref();
      for (const stream of [stdin, stdout, stderr]) (stream as { unref?: () => void }).unref?.();
      return new Supervisor({ identity, leader, spool, cgroup: cgroup?.path, gone, gate: stdin, child });
    } catch (error) {
      stdin.end();
      child.kill('SIGKILL');
      await gone;
      cgroup?.signal(9);
      cgroup?.remove();
      removeSpool(folder);
      throw error;
    }
  }

  /** The gate line: from here on the command may run. Resolves when it has left this process. */
  send(nonce: Buffer, executionFolder: string): Promise<void> {
    const escapes = [...nonce].map((byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('');
    return this.write(`${escapes} ${executionFolder}\n`);
  }

  /** Puts text into the gate; only a whole line is a gate line. */
  write(text: string): Promise<void> {
    this.#sent = true;
    return new Promise((resolve, reject) => {
      this.#gate.write(text, (error) => (error ? reject(error) : resolve()));
    });
  }

  /** End-of-file: one that was sent no whole line ends, one that was goes on. */
  closeGate(): void {
    this.#child.ref();
    this.#gate.end();
  }

  /** Ends one that was sent nothing, also where it is stopped; one that was sent its line goes on. */
  close(): void {
    if (!this.#sent) signalProcess(this.identity, 9);
    this.closeGate();
  }
}

/** Whether the drains may begin without a look at the disk of their own, which would be a process each. */
function roomy(folder: string): boolean {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize >= 8 * defaultSegmentBytes;
}

/** The launcher's pid, from `ready <pid>`. */
function readyLine(stdout: NodeJS.ReadableStream, stderr: NodeJS.ReadableStream): Promise<number> {
  let text = '';
  let complaint = '';
  stderr.on('data', (data: Buffer) => {
    complaint = `${complaint}${data.toString()}`.slice(0, 1024);
  });
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('the supervisor did not come to its gate')), readyTimeoutMs);
    stdout.on('data', (data: Buffer) => {
      text += data.toString('latin1');
      const match = /^ready (\d+)\n/.exec(text);
      if (match === null) return;
      clearTimeout(timer);
      resolve(Number(match[1]));
    });
    stdout.on('end', () => {
      clearTimeout(timer);
      reject(new Error(`the supervisor ended before its gate: ${complaint.trim()}`));
    });
  });
}

function identify(pid: number | undefined): ProcessIdentity {
  const view = pid === undefined ? undefined : viewProcess(pid);
  if (view === undefined) throw new Error('the supervisor is gone');
  return { pid: view.pid, startTime: view.startTime };
}
