import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { invalidField } from '../shared/errors.ts';
import type { Log } from '../shared/log.ts';

/**
 * The nine points (docs/recovery.md) at which an agent or a supervisor may be killed, in the order of an execution's life,
 * each with the process that stops itself there. `MUSTER_FAILPOINT=<name>` arms one.
 */
export const failpoints = {
  /** 1: RECEIVED is on disk, nobody knows yet. */
  received: 'agent',
  /** 2: accepted, no supervisor yet. */
  accepted: 'agent',
  /** 3: the supervisor waits at its gate. */
  gate: 'supervisor',
  /** 4: STARTING is on disk, the gate line is not sent. */
  starting: 'agent',
  /** 5: the gate line has come, there is no `started`. */
  'gate-read': 'supervisor',
  /** 6: `started` exists, the command does not run yet. */
  started: 'supervisor',
  /** 7: the command has ended, there is no `exit`. */
  ended: 'supervisor',
  /** 8: `exit` is complete; the supervisor has not marked the streams' ends, the agent has not journaled it. */
  exit: 'both',
  /** 9: the result is journaled, not released. */
  journaled: 'agent',
} as const;

export type Failpoint = keyof typeof failpoints;
export type AgentFailpoint = {
  [Name in Failpoint]: (typeof failpoints)[Name] extends 'agent' | 'both' ? Name : never;
}[Failpoint];

export const isFailpoint = (name: string): name is Failpoint => Object.hasOwn(failpoints, name);

/**
 * Stops the process where the armed point is passed, so that a test can kill it exactly there; once for each point and state
 * folder, all supervisors together. `<state>/failpoints/<agent|supervisor>.<name>` then holds the pid of what was stopped.
 */
export class Failpoints {
  readonly armed: Failpoint | undefined;
  readonly #dir: string;

  /** Throws INVALID_FIELD where `armed` is no point's name. Undefined and empty arm none. */
  constructor(options: { armed: string | undefined; stateDir: string; log: Log }) {
    const { armed, stateDir, log } = options;
    this.#dir = join(stateDir, 'failpoints');
    if (armed === undefined || armed === '') return;
    if (!isFailpoint(armed)) {
      const names = Object.keys(failpoints).join(', ');
      throw invalidField('MUSTER_FAILPOINT', `${JSON.stringify(armed)} is none of ${names}`);
    }
    mkdirSync(this.#dir, { recursive: true });
    log.warn({ failpoint: armed }, 'MUSTER_FAILPOINT IS SET: A PROCESS WILL STOP ITSELF THERE. FOR TESTS ONLY.');
    this.armed = armed;
  }

  pass(point: AgentFailpoint): void {
    if (this.armed !== point) return;
    try {
      writeFileSync(join(this.#dir, `agent.${point}`), `${process.pid}\n`, { flag: 'wx' });
    } catch {
      return;
    }
    process.kill(process.pid, 'SIGSTOP');
  }
}
