import { createHash } from 'node:crypto';
import { type ChannelCredentials, credentials } from '@grpc/grpc-js';
import type { NodeUid } from '../../shared/ids.ts';
import type { Log } from '../../shared/log.ts';
import type { Clock } from '../../shared/time.ts';
import { Connection, type ConnectionOptions } from '../connection.ts';
import type { Epoch, EpochStore } from '../session/epoch.ts';
import type { Behaviour } from './behaviour.ts';
import { History } from './history.ts';
import { SimulatedExecutor } from './simulated-executor.ts';
import { SyntheticOutput } from './synthetic-output.ts';

export interface SimulatedAgentsOptions {
  readonly servers: readonly string[];
  readonly count: number;
  /** Agent n of `count` is called `<prefix>-<n>`, from 0; its uid is derived from the name. */
  readonly namePrefix: string;
  readonly labels: Readonly<Record<string, string>>;
  /** What executions do whose order does not say. */
  readonly behaviour: Behaviour;
  /** Of the output; empty = readable lines. */
  readonly seed?: string;
  /** Where the history is appended to; nowhere where not given. */
  readonly historyPath?: string;
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

/** Many agents in one process: the real agent's connections and sessions, each with an executor that runs nothing. */
export class SimulatedAgents {
  readonly #connections: readonly Connection[];
  readonly #live: Live;
  readonly #history: History;

  /** Begins to dial with all of them. */
  static start(options: SimulatedAgentsOptions): SimulatedAgents {
    const { servers, count, clock, log, settings, behaviour, labels, version } = options;
    const channelCredentials = options.credentials ?? credentials.createInsecure();
    const output = new SyntheticOutput({ seed: options.seed ?? '' });
    const history = new History({ clock, path: options.historyPath });
    const live = { agents: new Set<string>(), all: Promise.withResolvers<void>() };
    const facts = { os: 'simulated', containment: 'none' };
    const connections: Connection[] = [];
    for (let n = 0; n < count; n += 1) {
      const name = `${options.namePrefix}-${n}`;
      const connection = new Connection({
        servers,
        credentials: channelCredentials,
        executor: new SimulatedExecutor({ clock, behaviour, output, history }),
        identity: { name, uid: uidOf(name), bootId: 'simulated', version, labels, facts, capabilities: [] },
        epochs: new ForgetfulEpochs(),
        settings,
        clock,
        log: log.child({ 'node.name': name }),
        random: Math.random,
        onOver: ({ reason }, server) => history.add({ event: 'over', node: name, reason, server }),
        onLive: (replica) => {
          history.add({ event: 'live', node: name, replica });
          live.agents.add(name);
          if (live.agents.size === count) live.all.resolve();
        },
      });
      connections.push(connection);
      connection.start();
    }
    return new SimulatedAgents(connections, live, history);
  }

  private constructor(connections: readonly Connection[], live: Live, history: History) {
    this.#connections = connections;
    this.#live = live;
    this.#history = history;
  }

  /** Agents that have had a live session. */
  get attached(): number {
    return this.#live.agents.size;
  }

  /** What happened so far; `startedTwice` must be empty. */
  get summary(): History['summary'] {
    return this.#history.summary;
  }

  /** Resolves once every agent has had a live session. */
  async whenAttached(): Promise<void> {
    await this.#live.all.promise;
  }

  async close(): Promise<void> {
    await Promise.all(this.#connections.map((connection) => connection.close()));
    this.#history.close();
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
