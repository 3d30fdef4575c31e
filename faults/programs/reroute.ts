// Imported before a program's own code (`node --import`): its outgoing TCP connections to certain loopback ports go to others
// instead, where a proxy cuts or slows them. MUSTER_REROUTE is a JSON object of ports, `{"7500": 9001}`.
import { Socket } from 'node:net';

const routes = new Map(Object.entries(JSON.parse(process.env.MUSTER_REROUTE ?? '{}') as Record<string, number>));
const connect = Socket.prototype.connect as (...args: unknown[]) => Socket;

function rerouted(this: Socket, ...args: unknown[]): Socket {
  // `net.connect` hands over an array of what it was given, put in order.
  const [first] = args;
  const target = (Array.isArray(first) ? first[0] : first) as { port?: number | string } | null;
  const port = typeof target === 'object' && target !== null ? routes.get(`${target.port}`) : undefined;
  if (port !== undefined && target !== null) target.port = port;
  return connect.apply(this, args);
}

Socket.prototype.connect = rerouted as typeof Socket.prototype.connect;
