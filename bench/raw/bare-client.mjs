// The least that an agent can be: a plain grpc-js client with one open stream. No TypeScript, so that Node's type stripper, which
// stays in memory once it was used, is not counted. Arguments: server, first message in hex.
import { Client, credentials, Metadata } from '@grpc/grpc-js';

const [server, hello] = process.argv.slice(2);
const same = (bytes) => bytes;
const client = new Client(server, credentials.createInsecure(), {
  'grpc.use_local_subchannel_pool': 1,
  'grpc.enable_retries': 0,
  'grpc.enable_channelz': 0,
  'grpc.keepalive_time_ms': 15_000,
  'grpc.keepalive_timeout_ms': 10_000,
});
const stream = client.makeBidiStreamRequest('/bench.Bare/Attach', same, same, new Metadata());
stream.on('error', () => process.exit(1));
stream.once('data', () => process.stdout.write('attached\n'));
stream.write(Buffer.from(hello, 'hex'));
