import { type Command, Option } from 'commander';
import { RpcClient } from '../../shared/rpc/client.ts';
import { duration, serverList } from './values.ts';

export interface ConnectionFlags {
  readonly server: readonly string[];
  readonly retryFor: number;
}

/** `--server` and `--retry-for`, on every command that talks to a replica. */
export function withConnection(command: Command): Command {
  return command
    .addOption(
      new Option('--server <host:port,…>', 'replica to talk to, or several: whichever answers')
        .env('MUSTER_SERVER')
        .default(['127.0.0.1:7500'], '127.0.0.1:7500')
        .argParser(serverList),
    )
    .addOption(
      new Option('--retry-for <duration>', 'how long to keep trying when the control plane goes away')
        .default(60_000, '60s')
        .argParser(duration),
    );
}

/** Runs with a client that is closed afterwards, whatever happens. */
export async function withClient<Value>(
  flags: ConnectionFlags,
  use: (client: RpcClient) => Promise<Value>,
): Promise<Value> {
  const client = new RpcClient({ servers: flags.server });
  try {
    return await use(client);
  } finally {
    client.close();
  }
}
