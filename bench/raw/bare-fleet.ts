import { Client, credentials, Metadata } from '@grpc/grpc-js';
import type { BenchProcess } from '../harness/bench-process.ts';
import type { Bench } from '../harness/row.ts';
import { bareService } from './bare-service.ts';
import { frames } from './frames.ts';

/** A bare relay, and what calls it: the raw counterpart of a replica with its agents and a client. */
export class BareFleet {
  readonly relay: BenchProcess;
  readonly address: string;
  readonly #bench: Bench;
  readonly #client: Client;

  static async start(bench: Bench): Promise<BareFleet> {
    const relay = await bench.startRaw('relay-main.ts');
    const fleet = new BareFleet(bench, relay, await relay.ask<string>('address'));
    bench.after(() => fleet.#client.close());
    return fleet;
  }

  private constructor(bench: Bench, relay: BenchProcess, address: string) {
    this.#bench = bench;
    this.relay = relay;
    this.address = address;
    this.#client = new Client(address, credentials.createInsecure(), {
      'grpc.enable_retries': 0,
      'grpc.enable_channelz': 0,
      'grpc-node.flow_control_window': 1024 * 1024,
      'grpc.max_receive_message_length': 64 * 1024 * 1024,
      'grpc.max_send_message_length': 64 * 1024 * 1024,
    });
  }

  /** Another process with `count` bare agents, attached; `elapsedMs` is how long that took. */
  async attach(count: number): Promise<{ agents: BenchProcess; elapsedMs: number }> {
    const sizes = frames(count);
    await this.relay.ask('frames', sizes);
    const agents = await this.#bench.startRaw('agents-main.ts');
    return { agents, elapsedMs: await agents.ask<number>('attach', { server: this.address, count, sizes }) };
  }

  /** A process that is a bare client and nothing else, attached. */
  async attachBareClient(): Promise<BenchProcess> {
    const sizes = frames(1);
    await this.relay.ask('frames', sizes);
    const args = [this.address, sizes.hello.toString('hex')];
    const client = await this.#bench.start({ program: 'bench/raw/bare-client.mjs', args, plain: true });
    await client.says(/^attached$/m);
    return client;
  }

  /** One order to all attached agents; ms until the last result is here. */
  async order(submit: Buffer): Promise<number> {
    const begin = performance.now();
    await this.#stream('Order', submit, () => {});
    return performance.now() - begin;
  }

  /** Bytes of output from the only agent through the relay; ms from the first byte to the last. */
  async read(bytes: number): Promise<number> {
    let first = 0;
    await this.#stream('Read', Buffer.from(String(bytes)), () => {
      first ||= performance.now();
    });
    return performance.now() - first;
  }

  #stream(name: 'Order' | 'Read', request: Buffer, each: (bytes: Buffer) => void): Promise<void> {
    const { path, requestSerialize, responseDeserialize } = bareService[name];
    return new Promise((resolve, reject) => {
      const call = this.#client.makeServerStreamRequest(
        path,
        requestSerialize,
        responseDeserialize,
        request,
        new Metadata(),
      );
      call.on('data', each);
      call.on('error', reject);
      call.on('end', resolve);
    });
  }
}

export const submitBytes = (nodes: number): Buffer => frames(nodes).submit;
