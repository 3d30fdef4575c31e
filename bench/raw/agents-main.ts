// The bare counterpart of agents: grpc-js clients, each with a channel of its own, that answer with the same bytes.
import { Client, type ClientDuplexStream, credentials, Metadata } from '@grpc/grpc-js';
import { serveAsks } from '../harness/asks.ts';
import { agentChannelOptions, bareService, frameTags } from './bare-service.ts';
import type { Frames } from './frames.ts';

type Stream = ClientDuplexStream<Buffer, Buffer>;

const clients: Client[] = [];
const { Attach } = bareService;

function attach(server: string, sizes: Frames): Promise<void> {
  const client = new Client(server, credentials.createInsecure(), agentChannelOptions);
  clients.push(client);
  const stream: Stream = client.makeBidiStreamRequest(
    Attach.path,
    Attach.requestSerialize,
    Attach.responseDeserialize,
    new Metadata(),
  );
  return new Promise((resolve, reject) => {
    stream.on('error', reject);
    stream.on('data', (frame: Buffer) => {
      if (frame[0] === frameTags.welcome) resolve();
      else if (frame[0] === frameTags.start) for (const event of sizes.events) stream.write(event);
      else if (frame[0] === frameTags.read) void writeOutput(stream, sizes.chunk, Number(frame.subarray(1).toString()));
    });
    stream.write(sizes.hello);
  });
}

async function writeOutput(stream: Stream, chunk: Buffer, bytes: number): Promise<void> {
  for (let left = bytes; left > 0; left -= chunk.length) {
    if (!stream.write(chunk)) await new Promise((resolve) => stream.once('drain', resolve));
  }
}

serveAsks({
  /** Connects `count` agents at once; ms until the last one is welcome. */
  attach: async ({ server, count, sizes }: { server: string; count: number; sizes: Frames }) => {
    const begin = performance.now();
    await Promise.all(Array.from({ length: count }, () => attach(server, sizes)));
    return performance.now() - begin;
  },
});
