import { type Client, type ClientDuplexStream, Metadata, type ServiceError } from '@grpc/grpc-js';
import type { ReadRequest } from '../../proto/gen/muster/peer/v1/ReadRequest.ts';
import type { NodeUid } from '../../shared/ids.ts';
import { fromServiceError } from '../../shared/rpc/status.ts';
import type { ReadHandle, ReadOptions, ReadSink } from '../fleet/session.ts';
import { type ReadResponseMessage, readCall } from './peer-methods.ts';

/** How a read ended that did not come to its end: the node is not there, or the stream broke. */
export type ReadLoss = 'node-away' | 'broken';

/** One read on a node that another replica holds: a stream of its own, ended by half-close. Tells its sink nothing synchronously. */
export class RemoteRead implements ReadHandle {
  readonly #call: ClientDuplexStream<ReadRequest, ReadResponseMessage>;
  readonly #sink: ReadSink;
  readonly #lost: (loss: ReadLoss) => void;
  readonly #over: () => void;
  #done = false;

  /** `lost` is called before the sink hears of it; `over` once, however it ends. */
  constructor(options: {
    client: Client;
    uid: NodeUid;
    read: ReadOptions;
    sink: ReadSink;
    lost: (loss: ReadLoss) => void;
    over: () => void;
  }) {
    const { uid, read } = options;
    this.#sink = options.sink;
    this.#lost = options.lost;
    this.#over = options.over;
    const { path, serialize, deserialize } = readCall;
    const call = options.client.makeBidiStreamRequest(path, serialize, deserialize, new Metadata());
    this.#call = call;
    call.on('data', (response: ReadResponseMessage) => this.#received(response));
    call.on('error', (error: ServiceError) => this.#failed(error));
    call.on('end', () => this.#ended('broken'));
    call.write({ uid, read: { ...read } });
  }

  extend(until: number): void {
    if (!this.#done) this.#call.write({ read: { until } });
  }

  close(): void {
    if (this.#done) return;
    this.#finish();
  }

  /** The connection is given up. */
  drop(): void {
    this.#ended('broken');
  }

  #received({ fault, output }: ReadResponseMessage): void {
    if (this.#done) return;
    if (fault !== undefined || !output) return this.#ended('broken');
    const last = output.end || output.present || output.error !== '';
    if (last) this.#finish();
    this.#guard(() => (output.error === '' ? this.#sink.piece(output) : this.#sink.failed(output.error)));
  }

  #failed(error: ServiceError): void {
    this.#ended(fromServiceError(error).reason === 'NODE_AWAY' ? 'node-away' : 'broken');
  }

  #ended(loss: ReadLoss): void {
    if (this.#done) return;
    this.#finish();
    this.#lost(loss);
    this.#guard(() => this.#sink.lost());
  }

  #finish(): void {
    this.#done = true;
    this.#call.end();
    this.#over();
  }

  /** grpc-js turns an error thrown in a listener into the end of the process. */
  #guard(action: () => void): void {
    try {
      action();
    } catch {
      this.close();
    }
  }
}
