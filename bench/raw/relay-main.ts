// The bare counterpart of a replica: one grpc-js server that passes bytes between agents' streams and a client, and keeps nothing.
import { Server, ServerCredentials, type ServerDuplexStream, type ServerWritableStream } from '@grpc/grpc-js';
import { serveAsks } from '../harness/asks.ts';
import { bareService, serverOptions } from './bare-service.ts';
import type { Frames } from './frames.ts';

type AgentStream = ServerDuplexStream<Buffer, Buffer>;
type ClientStream = ServerWritableStream<Buffer, Buffer>;

const executionsPerMessage = 500;
const agents = new Set<AgentStream>();
let sizes: Frames;
let relay: (agent: AgentStream, frame: Buffer) => void = () => {};

function attach(call: AgentStream): void {
  call.once('data', () => {
    agents.add(call);
    call.write(sizes.welcome);
    call.on('data', (frame: Buffer) => relay(call, frame));
  });
  for (const end of ['end', 'error', 'cancelled', 'close']) call.on(end, () => agents.delete(call));
}

/** Every agent gets the start; the client gets each result, as many to a message as came in one turn of the loop. */
function order(call: ClientStream): void {
  const each = Buffer.alloc(sizes.executionBytes * executionsPerMessage);
  const finishedBytes = sizes.events.at(-1)?.length;
  let missing = agents.size;
  let unsent = 0;
  let flushing = false;
  const flush = (): void => {
    flushing = false;
    for (; unsent > 0; unsent -= Math.min(unsent, executionsPerMessage)) {
      call.write(each.subarray(0, Math.min(unsent, executionsPerMessage) * sizes.executionBytes));
    }
    if (missing === 0) call.end();
  };
  relay = (agent, frame) => {
    if (frame.length !== finishedBytes) return;
    agent.write(sizes.release);
    missing -= 1;
    unsent += 1;
    if (!flushing) setImmediate(flush);
    flushing = true;
  };
  for (const agent of agents) agent.write(sizes.start);
}

/** Output of the only agent, at the pace of the client. */
function read(call: ClientStream): void {
  const [agent] = agents;
  if (agent === undefined) return void call.destroy(new Error('no agent is attached'));
  let left = Number(call.request.toString());
  relay = (_agent, frame) => {
    left -= frame.length;
    if (!call.write(frame)) {
      agent.pause();
      call.once('drain', () => agent.resume());
    }
    if (left <= 0) call.end();
  };
  agent.write(Buffer.concat([sizes.read.subarray(0, 1), call.request]));
}

const server = new Server(serverOptions);
server.addService(bareService, { Attach: attach, Order: order, Read: read });
const port = await new Promise<number>((resolve, reject) => {
  server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
    error ? reject(error) : resolve(bound),
  );
});

serveAsks({
  address: () => `127.0.0.1:${port}`,
  frames: (given: Frames) => {
    sizes = given;
  },
});
