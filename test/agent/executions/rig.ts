import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { Executions, type ExecutionsSettings } from '../../../agent/executions.ts';
import type { ExecutorEvent, StreamName } from '../../../agent/executor.ts';
import type { OrderRules } from '../../../agent/orders/order-rules.ts';
import { Cgroup, openCgroupBase } from '../../../agent/sandbox/cgroup.ts';
import { Marker } from '../../../agent/sandbox/marker.ts';
import { processIds } from '../../../agent/sandbox/process-table.ts';
import type { Command } from '../../../proto/gen/muster/v1/Command.ts';
import type { ExecutionResult } from '../../../proto/gen/muster/v1/ExecutionResult.ts';
import { type ExecutionId, executionId, type NodeUid } from '../../../shared/ids.ts';
import { PlanTree } from '../../../shared/merkle.ts';
import { buildOrder, type OrderInput } from '../../../shared/order.ts';
import { SigningKey, uidOfKey } from '../../../shared/signing/keys.ts';
import { type Clock, sleep, systemClock } from '../../../shared/time.ts';

export const quietLog = pino({ level: process.env.TEST_LOG ?? 'silent' });
/** Far above what anything here takes: it only ends a test that would never end. */
const capMs = 60_000;

export interface Offered {
  readonly id: ExecutionId;
  readonly bytes: Buffer;
  readonly stdin: Buffer | undefined;
}

export interface RigOptions {
  /** An agent's state folder that is there already, and the uid in it. */
  readonly taken?: { readonly stateDir: string; readonly uid: NodeUid };
  readonly settings?: Partial<ExecutionsSettings>;
  readonly rules?: OrderRules;
  readonly clock?: Clock;
  readonly environment?: Record<string, string | undefined>;
}

/** An agent's executions in a temporary state folder, on real processes. */
export class Rig {
  readonly stateDir: string;
  readonly key = SigningKey.generate();
  readonly uid: NodeUid;
  readonly events: ExecutorEvent[] = [];
  readonly #tree: PlanTree;
  readonly #ids = new Set<ExecutionId>();
  readonly #options: RigOptions;
  readonly #keepAlive = setInterval(() => {}, 1000);
  #listeners = new Set<() => void>();
  executions!: Executions;

  private constructor(options: RigOptions) {
    this.#options = options;
    this.stateDir = options.taken?.stateDir ?? mkdtempSync(join(tmpdir(), 'muster-executions-'));
    this.uid = options.taken?.uid ?? uidOfKey(this.key.public);
    this.#tree = new PlanTree([this.uid]);
  }

  static async open(options: RigOptions = {}): Promise<Rig> {
    const rig = new Rig(options);
    await rig.reopen();
    return rig;
  }

  /** As a new agent over the same folder. */
  async reopen(options: RigOptions = this.#options): Promise<void> {
    this.executions = await Executions.open({
      stateDir: this.stateDir,
      uid: this.uid,
      key: this.key,
      nodeName: 'rig',
      log: quietLog,
      clock: options.clock ?? systemClock,
      ...(options.rules && { rules: options.rules }),
      environment: { PATH: process.env.PATH, ...options.environment },
      settings: {
        containment: 'auto',
        environmentAllowList: ['PATH'],
        maxOutputBoundBytes: 2 ** 32,
        warmSupervisors: 1,
        ...options.settings,
      },
    });
    this.executions.subscribe((event) => {
      this.events.push(event);
      for (const listener of this.#listeners) listener();
    });
  }

  order(command: Command, more: Partial<OrderInput> = {}): Offered {
    const plan = { root: this.#tree.root, count: 1 };
    const { order, bytes } = buildOrder({ command, plan, createdUnixMs: Date.now(), ...more });
    return { id: executionId(order.id, this.uid, 1), bytes, stdin: more.stdin };
  }

  offer({ id, bytes }: Offered, traceparent = '', signature = Buffer.alloc(0)): ExecutionId {
    this.#ids.add(id);
    this.executions.offer({ execution: id, order: bytes, signature, proof: { index: 0, siblings: [] }, traceparent });
    return id;
  }

  /** Offers and waits for the end. */
  run(command: Command, more: Partial<OrderInput> = {}): Promise<ExecutionResult> {
    const offered = this.order(command, more);
    this.offer(offered);
    if (offered.stdin) this.executions.input(offered.id, 0, offered.stdin);
    return this.finished(offered.id);
  }

  finished(id: ExecutionId): Promise<ExecutionResult> {
    return this.until(`the end of ${id}`, () => {
      const event = this.events.find((event) => event.execution === id && event.type === 'finished');
      return event?.type === 'finished' ? event.result : undefined;
    });
  }

  started(id: ExecutionId): Promise<number> {
    return this.until(`the start of ${id}`, () => {
      const event = this.events.find((event) => event.execution === id && event.type === 'started');
      return event?.type === 'started' ? event.pid : undefined;
    });
  }

  /** What `look` gives once it is not undefined (or false): at events, and now and then. */
  until<Value>(what: string, look: () => Value | undefined | false): Promise<Value> {
    return new Promise((resolve, reject) => {
      const check = (): void => {
        const value = look();
        if (value === undefined || value === false) return;
        done();
        resolve(value);
      };
      const done = (): void => {
        clearInterval(poll);
        clearTimeout(cap);
        this.#listeners.delete(check);
      };
      const poll = setInterval(check, 20);
      const cap = setTimeout(() => {
        done();
        reject(new Error(`${what} did not come; events: ${JSON.stringify(this.events)}`));
      }, capMs);
      this.#listeners.add(check);
      check();
    });
  }

  /** All of a stream, to its end. Gaps are left out. */
  async output(id: ExecutionId, stream: StreamName): Promise<Buffer> {
    const reader = this.executions.openRead(id, stream, 0);
    if (reader === undefined) throw new Error('no output');
    const parts: Buffer[] = [];
    try {
      for (;;) {
        const piece = await reader.read(65_536);
        if (piece.type === 'end') return Buffer.concat(parts);
        if (piece.type === 'data') parts.push(Buffer.from(piece.data));
      }
    } finally {
      reader.close();
    }
  }

  /** Ends what is left, and removes everything. */
  async dispose(): Promise<void> {
    await this.executions.close();
    for (const id of this.#ids) new Marker({ execution: id, leader: undefined }).signal(9);
    clearInterval(this.#keepAlive);
    await sweep(this.uid);
    await allGone(this.stateDir);
    await removeAll(this.stateDir);
  }
}

/** Resolves once no supervisor and no drain of a state folder is left; rejects, naming them, where some stay. */
export async function allGone(stateDir: string): Promise<void> {
  for (let tries = 0; ; tries++) {
    const left = processIds().flatMap((pid) => {
      try {
        const argv = readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ').trim();
        const here = argv.includes(stateDir) || readlinkSync(`/proc/${pid}/cwd`).startsWith(join(stateDir, 'spool'));
        return here && argv !== '' && pid !== process.pid ? [`${pid} ${argv}`] : [];
      } catch {
        return [];
      }
    });
    if (left.length === 0) return;
    if (tries > 500) throw new Error(`left behind: ${left.join(', ')}`);
    await sleep(20);
  }
}

/** Deletes a state folder, in which drains that are just ending may still write. */
export async function removeAll(path: string): Promise<void> {
  for (let tries = 0; ; tries++) {
    try {
      return rmSync(path, { recursive: true, force: true });
    } catch (error) {
      if (tries > 200) throw error;
      await sleep(20);
    }
  }
}

/** Kills what is left in a test agent's cgroups, and removes them. */
export async function sweep(uid: NodeUid): Promise<void> {
  const base = openCgroupBase(uid);
  if (!('path' in base)) return;
  const cgroup = new Cgroup({ path: base.path });
  cgroup.signal(9);
  for (let tries = 0; existsSync(base.path) && tries < 500; tries++) {
    cgroup.remove();
    await sleep(10);
  }
}

export const sha256 = (data: Buffer): string => createHash('sha256').update(data).digest('hex');
