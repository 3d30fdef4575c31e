import { createHash } from 'node:crypto';
import { type ChannelCredentials, credentials } from '@grpc/grpc-js';
import type { NodeUid } from '../../shared/ids.ts';
import type { Log } from '../../shared/log.ts';
import type { Clock } from '../../shared/time.ts';
import { Connection, type ConnectionOptions } from '../connection.ts';
import type { Epoch, EpochStore } from '../session/epoch.ts';
import { SimulatedExecutor } from './simulated-executor.ts';

export interface SimulatedAgentsOptions {
  readonly servers: readonly string[];
  readonly count: number;
  /** Agent n of `count` is called `<prefix>-<n>`, from 0; its uid is derived from the name. */
  readonly namePrefix: string;
  readonly labels: Readonly<Record<string, string>>;
  /** From the start to the end of an execution; 0 = at once. */
  readonly delayMs: number;
  /** What every execution writes to stdout. */
  readonly outputBytes: number;
  readonly settings: ConnectionOptions['settings'];
  readonly version: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Plaintext where not given. */
  readonly credentials?: ChannelCredentials;
}

interface Live {
  readonly agents: Set<string>;
  readonly all: PromiseWithResolvers<void>;
}

const patternBytes = 1024 * 1024;

/** Many agents in one process: the real agent's connections and sessions, each with an executor that runs nothing. */
export class SimulatedAgents {
  readonly #connections: readonly Connection[];
  readonly #live: Live;

  /** Begins to dial with all of them. */
  static start(options: SimulatedAgentsOptions): SimulatedAgents {
    const { servers, count, clock, log, settings, delayMs, outputBytes, labels, version } = options;
    const channelCredentials = options.credentials ?? credentials.createInsecure();
    const line = 'a line of output of a simulated agent, again and again and again\n';
    const pattern = Buffer.alloc(Math.min(patternBytes, Math.max(outputBytes, 1)), line);
    const live = { agents: new Set<string>(), all: Promise.withResolvers<void>() };
    const facts = { os: 'simulated', containment: 'none' };
    const connections: Connection[] = [];
    for (let n = 0; n < count; n += 1) {
      const name = `${options.namePrefix}-${n}`;
      const connection = new Connection({
        servers,
        credentials: channelCredentials,
        executor: new SimulatedExecutor({ clock, delayMs, outputBytes, pattern }),
        identity: { name, uid: uidOf(name), bootId: 'simulated', version, labels, facts, capabilities: [] },
        epochs: new ForgetfulEpochs(),
        settings,
        clock,
        log: log.child({ 'node.name': name }),
        random: Math.random,
        onLive: () => {
          live.agents.add(name);
          if (live.agents.size === count) live.all.resolve();
        },
      });
      connections.push(connection);
      connection.start();
    }
    return new SimulatedAgents(connections, live);
  }

  private constructor(connections: readonly Connection[], live: Live) {
    this.#connections = connections;
    this.#live = live;
  }

  /** Agents that have had a live session. */
  get attached(): number {
    return this.#live.agents.size;
  }

  /** Resolves once every agent has had a live session. */
  async whenAttached(): Promise<void> {
    await this.#live.all.promise;
  }

  async close(): Promise<void> {
    await Promise.all(this.#connections.map((connection) => connection.close()));
  }
}

/** The same name is the same node in every run: a store that knows it already lets it in. */
const uidOf = (name: string): NodeUid => createHash('sha256').update(name).digest('hex').slice(0, 32) as NodeUid;

/** A simulated agent is a new one every time. */
class ForgetfulEpochs implements EpochStore {
  highest: Epoch | undefined;

  raise(epoch: Epoch): void {
    this.highest = epoch;
  }
}
