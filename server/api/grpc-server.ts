import { Server, ServerCredentials } from '@grpc/grpc-js';
import type { ServiceDefinition } from '@grpc/proto-loader';
import { HealthImplementation } from 'grpc-health-check';
import { formatAddress, requireLoopback } from '../../shared/address.ts';
import { invalidField } from '../../shared/errors.ts';
import { serviceDefinition } from '../../shared/rpc/proto.ts';
import { peerServiceDefinition } from '../peers/peer-methods.ts';
import { agentServiceDefinition } from './agent-service.ts';
import { OpenCalls } from './open-calls.ts';
import { widenReceiveWindow } from './receive-window.ts';
import { addReflection } from './reflection.ts';

/** A submission: 16 MiB of standard input, an order, 100,000 targets. */
const maxMessageBytes = 24 * 1024 * 1024;

const peerServiceName = 'muster.peer.v1.PeerService';

/** Of agents and replicas: their streams judge their bytes themselves, and end when those they belong to do. */
const streamsOfOurs: Readonly<Record<string, () => ServiceDefinition>> = {
  'muster.v1.AgentService': agentServiceDefinition,
  [peerServiceName]: peerServiceDefinition,
};

type Implementation = Parameters<Server['addService']>[1];

/** The gRPC listener of a replica: its services, health and reflection. */
export class GrpcServer {
  readonly #server: Server;
  readonly #health: HealthImplementation;
  readonly #services: readonly string[];
  readonly #calls = new OpenCalls();
  readonly #narrow = widenReceiveWindow(['/muster.v1.AgentService/Connect', '/muster.peer.v1.PeerService/Control']);
  #address = '';

  /** `services` by full name, for example `muster.v1.JobService`. */
  constructor(options: {
    services: Readonly<Record<string, unknown>>;
    keepaliveIntervalMs: number;
    keepaliveTimeoutMs: number;
  }) {
    this.#services = Object.keys(options.services);
    this.#server = new Server({
      'grpc.max_receive_message_length': maxMessageBytes,
      'grpc.max_send_message_length': maxMessageBytes,
      'grpc.keepalive_time_ms': options.keepaliveIntervalMs,
      'grpc.keepalive_timeout_ms': options.keepaliveTimeoutMs,
      'grpc.enable_channelz': 0,
    });
    for (const [name, implementation] of Object.entries(options.services)) {
      const definition = streamsOfOurs[name];
      if (definition) this.#server.addService(definition(), implementation as Implementation);
      else this.#server.addService(serviceDefinition(name), this.#calls.wrap(serviceDefinition(name), implementation));
    }
    this.#health = new HealthImplementation(
      Object.fromEntries(['', ...this.#services].map((name) => [name, 'NOT_SERVING'])),
    );
    this.#health.addToServer(this.#server);
    const forUsers = this.#services.filter((name) => name !== peerServiceName);
    addReflection(this.#server, [...forUsers, 'grpc.health.v1.Health']);
  }

  /** Where it listens, with the port it got. */
  get address(): string {
    return this.#address;
  }

  /** INVALID_FIELD `--listen` where the address can't be listened on. */
  async listen(address: string): Promise<void> {
    const { host } = requireLoopback('--listen', address);
    const port = await new Promise<number>((resolve, reject) => {
      this.#server.bindAsync(address, ServerCredentials.createInsecure(), (error, bound) => {
        if (error) reject(invalidField('--listen', `can't listen on ${address}: ${error.message}`));
        else resolve(bound);
      });
    });
    this.#address = formatAddress({ host, port });
    this.#setHealth('SERVING');
  }

  /** Nothing new: health says no, further calls are UNAVAILABLE, and so are streams from here on. Their clients go elsewhere. */
  refuse(): void {
    this.#setHealth('NOT_SERVING');
    this.#calls.refuse();
  }

  /** Waits for open calls, `graceMs` at most, then ends them. */
  async close(graceMs: number): Promise<void> {
    this.refuse();
    const timer = setTimeout(() => this.#server.forceShutdown(), graceMs);
    await new Promise<void>((resolve) => this.#server.tryShutdown(() => resolve()));
    clearTimeout(timer);
    this.#server.forceShutdown();
    this.#narrow();
  }

  #setHealth(status: 'SERVING' | 'NOT_SERVING'): void {
    for (const name of ['', ...this.#services]) this.#health.setStatus(name, status);
  }
}
