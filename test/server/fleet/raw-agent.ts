import assert from 'node:assert/strict';
import { Client, type ClientDuplexStream, credentials, Metadata, type ServiceError } from '@grpc/grpc-js';
import type { ConnectRequest } from '../../../proto/gen/muster/v1/ConnectRequest.ts';
import type { ConnectResponse__Output } from '../../../proto/gen/muster/v1/ConnectResponse.ts';
import type { Hello } from '../../../proto/gen/muster/v1/Hello.ts';
import { serviceDefinition } from '../../../shared/rpc/proto.ts';
import { fromServiceError } from '../../../shared/rpc/status.ts';
import { eventually } from '../../harness/agent-connection.ts';

/** An agent that says whatever the test wants, bytes included. */
export class RawAgent {
  readonly frames: ConnectResponse__Output[] = [];
  error: ReturnType<typeof fromServiceError> | undefined;
  over = false;
  readonly #client: Client;
  readonly #stream: ClientDuplexStream<ConnectRequest | Buffer, ConnectResponse__Output>;

  constructor(address: string) {
    const { Connect } = serviceDefinition('muster.v1.AgentService');
    assert.ok(Connect);
    this.#client = new Client(address, credentials.createInsecure(), { 'grpc.use_local_subchannel_pool': 1 });
    this.#stream = this.#client.makeBidiStreamRequest<ConnectRequest | Buffer, ConnectResponse__Output>(
      Connect.path,
      (frame: ConnectRequest | Buffer): Buffer => (Buffer.isBuffer(frame) ? frame : Connect.requestSerialize(frame)),
      Connect.responseDeserialize as (bytes: Buffer) => ConnectResponse__Output,
      new Metadata(),
    );
    this.#stream.on('data', (frame) => this.frames.push(frame));
    this.#stream.on('error', (error: ServiceError) => {
      this.error = fromServiceError(error);
      this.over = true;
    });
    this.#stream.on('end', () => {
      this.over = true;
    });
  }

  say(frame: ConnectRequest | Buffer): this {
    this.#stream.write(frame);
    return this;
  }

  hello(hello: Hello): this {
    return this.say({ hello: { last: true, version: '1', ...hello } });
  }

  async welcome(): Promise<{ era: number; revision: number }> {
    await eventually(() => this.frames.some(({ welcome }) => welcome) || this.over, 'Welcome');
    const epoch = this.frames.find(({ welcome }) => welcome)?.welcome?.epoch;
    assert.ok(epoch, this.error?.message ?? 'the stream ended well');
    return epoch;
  }

  async refused(): Promise<[string, string | undefined]> {
    await eventually(() => this.over, 'the end of the stream');
    assert.ok(this.error, 'it ended well');
    return [this.error.reason, this.error.field];
  }

  cancel(): void {
    this.#stream.cancel();
  }

  close(): void {
    this.#stream.cancel();
    this.#client.close();
  }
}
