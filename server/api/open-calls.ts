import type {
  handleUnaryCall,
  ServerUnaryCall,
  ServerWritableStream,
  sendUnaryData,
  UntypedServiceImplementation,
} from '@grpc/grpc-js';
import type { ServiceDefinition } from '@grpc/proto-loader';
import { MusterError } from '../../shared/errors.ts';
import { toServiceError } from '../../shared/rpc/status.ts';

type Unary = handleUnaryCall<unknown, unknown>;
type Stream = ServerWritableStream<unknown, unknown>;

/** The calls of clients: a replica that stops ends its streams, which would end by themselves never, and takes no more. */
export class OpenCalls {
  readonly #streams = new Set<Stream>();
  #refusing = false;

  /** The same service, its calls known here. */
  wrap(definition: ServiceDefinition, implementation: unknown): UntypedServiceImplementation {
    const handlers = implementation as Record<string, (...call: unknown[]) => void>;
    const wrapped: UntypedServiceImplementation = {};
    for (const [name, { responseStream }] of Object.entries(definition)) {
      const handler = handlers[name];
      if (handler === undefined) throw new Error(`${name} has no handler`);
      wrapped[name] = responseStream ? this.#stream(handler) : this.#unary(handler as unknown as Unary);
    }
    return wrapped;
  }

  refuse(): void {
    this.#refusing = true;
    for (const stream of [...this.#streams]) stream.emit('error', stopping());
  }

  #unary(handler: Unary): Unary {
    return (call: ServerUnaryCall<unknown, unknown>, answer: sendUnaryData<unknown>) => {
      if (this.#refusing) answer(stopping());
      else handler(call, answer);
    };
  }

  #stream(handler: (call: Stream) => void): (call: Stream) => void {
    return (call) => {
      if (this.#refusing) return void call.emit('error', stopping());
      const forget = (): void => void this.#streams.delete(call);
      for (const event of ['close', 'cancelled', 'error', 'finish']) call.once(event, forget);
      this.#streams.add(call);
      handler(call);
    };
  }
}

const stopping = (): ReturnType<typeof toServiceError> =>
  toServiceError(new MusterError('REPLICA_STOPPING', 'this replica is stopping; call another'));
