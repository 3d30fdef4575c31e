import { Command } from 'commander';
import { clusterMethods } from '../../shared/rpc/methods.ts';
import type { CliContext } from '../context.ts';
import { type ConnectionFlags, withClient, withConnection } from '../flags/connection.ts';
import { cliVersion } from '../program-path.ts';

/** `muster version`: ours, and that of the replica that answers. */
export function versionCommand(context: CliContext): Command {
  const command = new Command('version').description(
    'Show the version of this program and of the replica that answers.',
  );
  return withConnection(command).action(async (flags: ConnectionFlags) => {
    await context.stdout.write(`muster ${cliVersion()}\n`);
    await withClient(flags, async (client) => {
      const { version, replica, protocol, store } = await client.call(
        clusterMethods.GetVersion,
        {},
        { timeoutMs: 3000 },
      );
      await context.stdout.write(
        `replica ${replica} ${version} at ${client.server} (protocol ${protocol}, store ${store})\n`,
      );
    });
  });
}
