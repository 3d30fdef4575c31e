import { Server, ServerCredentials } from '@grpc/grpc-js';
import type { ServiceDefinition } from '@grpc/proto-loader';
import { HealthImplementation } from 'grpc-health-check';
import { requireLoopback } from '../../shared/address.ts';
import { invalidField } from '../../shared/errors.ts';
import { serviceDefinition } from '../../shared/rpc/proto.ts';
import { type Clock, systemClock } from '../../shared/time.ts';
import { peerServiceDefinition } from '../peers/peer-methods.ts';
import { agentServiceDefinition } from './agent-service.ts';
import { type HandshakeBounds, type HandshakeRefusal, Handshakes } from './handshakes.ts';
import { Listener } from './listener.ts';
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

export interface GrpcServerOptions {
  /** By full name, for example `muster.v1.JobService`. */
  readonly services: Readonly<Record<string, unknown>>;
  readonly keepaliveIntervalMs: number;
  readonly keepaliveTimeoutMs: number;
  /** Remote addresses whose connections go before others: those of replicas. */
  readonly preferred?: (address: string) => boolean;
  readonly handshakes?: Partial<HandshakeBounds>;
  /** A connection was closed before it was used. */
  readonly handshakeRefused?: (reason: HandshakeRefusal) => void;
  readonly clock?: Clock;
}

/** The gRPC listener of a replica: its services, health and reflection. */
export class GrpcServer {
  readonly #server: Server;
  readonly #health: HealthImplementation;
  readonly #services: readonly string[];
  readonly #calls = new OpenCalls();
  readonly #narrow = widenReceiveWindow(['/muster.v1.AgentService/Connect', '/muster.peer.v1.PeerService/Control']);
  /** Connections that were accepted and are not used yet. */
  readonly handshakes: Handshakes;
  readonly #listener: Listener;

  constructor(options: GrpcServerOptions) {
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
    const connections = this.#server.createConnectionInjector(ServerCredentials.createInsecure());
    this.handshakes = new Handshakes({
      inject: (socket) => connections.injectConnection(socket),
      preferred: options.preferred ?? (() => false),
      refused: (reason) => options.handshakeRefused?.(reason),
      clock: options.clock ?? systemClock,
      ...(options.handshakes && { bounds: options.handshakes }),
    });
    this.#listener = new Listener({ connection: (socket) => this.handshakes.add(socket) });
  }

  /** Where it listens, with the port it got. */
  get address(): string {
    return this.#listener.address;
  }

  /** INVALID_FIELD `--listen` where the address can't be listened on. */
  async listen(address: string): Promise<void> {
    try {
      await this.#listener.listen(requireLoopback('--listen', address));
    } catch (error) {
      if (!(error instanceof Error && 'code' in error)) throw error;
      throw invalidField('--listen', `can't listen on ${address}: ${error.message}`);
    }
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
    this.#listener.close();
    this.handshakes.close();
    const timer = setTimeout(() => this.#server.forceShutdown(), graceMs);
    await new Promise<void>((resolve) => this.#server.tryShutdown(() => resolve()));
    clearTimeout(timer);
    this.#server.forceShutdown();
    this.#listener.destroy();
    this.#narrow();
  }

  #setHealth(status: 'SERVING' | 'NOT_SERVING'): void {
    for (const name of ['', ...this.#services]) this.#health.setStatus(name, status);
  }
}
