import { join } from 'node:path';
import { credentials } from '@grpc/grpc-js';
import type { Log } from '../shared/log.ts';
import { laneCapability, trustFileCapability } from '../shared/order/queueing.ts';
import type { Clock } from '../shared/time.ts';
import { Connection } from './connection.ts';
import { Executions } from './executions.ts';
import { collectFacts, readBootId, readOsRelease } from './facts.ts';
import { readOrderRules } from './orders/order-rules.ts';
import { SteadyClock } from './orders/steady-clock.ts';
import type { AgentSettings } from './settings.ts';
import { StateDir } from './state-dir.ts';

export interface AgentOptions {
  readonly settings: AgentSettings;
  /** Version of the program. */
  readonly version: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Ends the process at once, for the service manager to start it anew. What runs goes on running. */
  readonly exit: (status: number) => void;
}

/** The agent of one node: its state folder, its executions, its connection. */
export class Agent {
  readonly #steady: SteadyClock | undefined;
  readonly #executions: Executions;
  readonly #connection: Connection;

  /** Recovers what was running and begins to dial. Rejects with MusterError where the state folder can't be used. */
  static async start({ settings, version, clock, log: base, exit }: AgentOptions): Promise<Agent> {
    const stateDir = new StateDir({ path: settings.stateDir });
    const log = base.child({ 'node.name': settings.name, 'node.id': stateDir.uid });
    const { containment, environmentAllowList, maxOutputBoundBytes, warmSupervisors, signing } = settings;
    const rules = readOrderRules(settings, stateDir.path);
    const steady =
      signing === 'require' ? new SteadyClock({ clock, path: join(stateDir.path, 'time'), log }) : undefined;
    const executions = await Executions.open({
      stateDir: stateDir.path,
      uid: stateDir.uid,
      key: stateDir.key,
      nodeName: settings.name,
      log,
      clock: steady ?? clock,
      settings: { containment, environmentAllowList, maxOutputBoundBytes, warmSupervisors },
      rules,
      facts: (executor) => collectFacts({ version, executor, custom: settings.facts, osRelease: readOsRelease() }),
      onBroken: () => {
        log.fatal('the agent ends: it can promise nothing without its journal; it must be started anew');
        exit(1);
      },
    });
    const facts = executions.facts();
    const connection = new Connection({
      servers: settings.servers,
      credentials: credentials.createInsecure(),
      executor: executions,
      identity: {
        name: settings.name,
        uid: stateDir.uid,
        bootId: readBootId(),
        version,
        labels: Object.fromEntries(settings.labels),
        facts,
        capabilities: [laneCapability, trustFileCapability],
      },
      epochs: stateDir,
      settings,
      clock,
      log,
      random: Math.random,
    });
    log.info({ 'agent.version': version, 'state.dir': stateDir.path, facts }, 'agent starts');
    connection.start();
    return new Agent(executions, connection, steady);
  }

  private constructor(executions: Executions, connection: Connection, steady: SteadyClock | undefined) {
    this.#steady = steady;
    this.#executions = executions;
    this.#connection = connection;
  }

  /** Ends the session and lets go of the state folder. What runs goes on running. */
  async close(): Promise<void> {
    await this.#connection.close();
    await this.#executions.close();
    this.#steady?.close();
  }
}
