// Bare grpc-js clients for the comparison: bare-clients.ts COUNT SERVER OTHER. Each has a channel and a stream of its own to the
// first server; when that breaks it dials the other one at once. Prints `attached`, then one line of JSON: the Unix times in ms
// at which a message came back on each new stream.
import { Client, credentials, Metadata } from '@grpc/grpc-js';
import { agentChannelOptions, bareService } from '../../bench/raw/bare-service.ts';

const [count = '1', first = '', other = ''] = process.argv.slice(2);
const { path, requestSerialize, responseDeserialize } = bareService.Attach;
const again: number[] = [];
let attached = 0;

/** Resolves when a message has come back; `broken` is called when the stream ends after that. */
function dial(server: string, broken: () => void): Promise<void> {
  const client = new Client(server, credentials.createInsecure(), agentChannelOptions);
  const stream = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize, new Metadata());
  return new Promise((resolve, reject) => {
    let flowing = false;
    stream.on('error', (error) => {
      client.close();
      if (flowing) broken();
      else reject(error);
    });
    stream.on('data', () => {
      flowing = true;
      resolve();
    });
    stream.write(Buffer.from('hello'));
  });
}

async function redial(): Promise<void> {
  await dial(other, () => {});
  again.push(Date.now());
  if (again.length === Number(count)) process.stdout.write(`${JSON.stringify(again)}\n`);
}

await Promise.all(
  Array.from({ length: Number(count) }, async () => {
    await dial(first, () => void redial());
    attached += 1;
  }),
);
if (attached === Number(count)) process.stdout.write('attached\n');
