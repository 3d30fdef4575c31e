// A bare grpc-js server for the comparison: answers every message of a stream with itself. Prints the port it listens on.
import { Server, ServerCredentials, type ServerDuplexStream } from '@grpc/grpc-js';
import { bareService, serverOptions } from '../../bench/raw/bare-service.ts';

const server = new Server(serverOptions);
server.addService(
  { Attach: bareService.Attach },
  {
    Attach(stream: ServerDuplexStream<Buffer, Buffer>) {
      stream.on('error', () => {});
      stream.on('data', (message: Buffer) => void stream.write(message));
      stream.on('end', () => void stream.end());
    },
  },
);
server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) => {
  if (error) throw error;
  process.stdout.write(`${port}\n`);
});
