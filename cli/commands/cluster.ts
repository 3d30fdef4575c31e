import { Command, Option } from 'commander';
import type { RpcClient } from '../../shared/rpc/client.ts';
import { clusterMethods } from '../../shared/rpc/methods.ts';
import { ask } from '../ask.ts';
import type { CliContext } from '../context.ts';
import { exitStatus } from '../exit-status.ts';
import { type ConnectionFlags, withClient, withConnection } from '../flags/connection.ts';
import { type OutputFormat, outputOption } from '../flags/job-output.ts';
import { integer } from '../flags/values.ts';
import { type ClusterState, clusterTroubles } from '../render/cluster-state.ts';
import { clusterDocument, clusterText } from '../render/cluster-table.ts';
import { isoTime } from '../render/documents.ts';
import { listText } from '../render/list-text.ts';
import { UsageError } from '../usage-error.ts';

type ShowFlags = ConnectionFlags & { output?: OutputFormat };
type ConfirmFlags = ConnectionFlags & { era?: number; yes?: boolean };

/** `muster cluster` and `muster cluster confirm`. */
export function clusterCommand(context: CliContext): Command {
  const cluster = new Command('cluster').description('Look at the replicas and their store.').enablePositionalOptions();
  const show = new Command('show')
    .description(
      'Show the replicas, who leads, and how the store stands, as the replica that answers sees it. Exit status 1 where ' +
        'something is wrong: a replica that can not be reached or is fenced, no leader, a store to be confirmed.',
    )
    .addOption(outputOption('table (the default), more columns, one document, a record, or the names of the replicas'));
  withConnection(show).action((flags: ShowFlags) =>
    withClient(flags, async (client) => {
      const state = await clusterState(client);
      const { output = 'table' } = flags;
      const document = clusterDocument(state);
      const text =
        output === 'json'
          ? `${JSON.stringify(document, null, 2)}\n`
          : await listText(output, {
              documents: [document],
              names: state.replicas.map(({ name }) => name),
              table: (wide) => clusterText(state, wide, Date.now()),
            });
      await context.stdout.write(text);
      context.exit(clusterTroubles(state).length > 0 ? exitStatus.someDidNot : exitStatus.succeeded);
    }),
  );
  const confirm = new Command('confirm')
    .description('Say that a wiped store is what you want: jobs may be submitted again. Asks first, on a terminal.')
    .addOption(
      new Option(
        '--era <n>',
        'the era to confirm, refused where it is another by now (default: the present one)',
      ).argParser(integer(1, Number.MAX_SAFE_INTEGER)),
    )
    .option('--yes', 'do not ask');
  withConnection(confirm).action((flags: ConfirmFlags) =>
    withClient(flags, async (client) => {
      const { unconfirmed, era, reason, sinceUnixMs } = await client.call(clusterMethods.GetCluster, {});
      if (!unconfirmed && (flags.era === undefined || flags.era === era)) {
        await context.stdout.write(`era ${era} is confirmed already\n`);
        return;
      }
      const wanted = flags.era ?? era;
      if (flags.yes !== true) {
        await context.stderr.write(
          `muster: era ${era} began at ${isoTime(sinceUnixMs) ?? 'an unknown time'} (${reason}). The store knows no job from before it. ` +
            'If a backup is to be restored, do that first.\n',
        );
        const answer = await ask(context, `Take new jobs in era ${wanted}? [y/N] `);
        if (answer === undefined) throw new UsageError('nobody is here to be asked: say --yes');
        if (!/^y(es)?$/i.test(answer.trim())) {
          await context.stderr.write('muster: nothing changed\n');
          return context.exit(exitStatus.someDidNot);
        }
      }
      const confirmed = await client.call(clusterMethods.Confirm, { era: wanted });
      await context.stdout.write(`era ${confirmed.era} confirmed\n`);
    }),
  );
  return cluster.addCommand(show, { isDefault: true }).addCommand(confirm);
}

async function clusterState(client: RpcClient): Promise<ClusterState> {
  const { replicas } = await client.call(clusterMethods.ListReplicas, {});
  const store = await client.call(clusterMethods.GetCluster, {});
  const { store: driver, replica: answeredBy } = await client.call(clusterMethods.GetVersion, {});
  return { replicas, store, driver, answeredBy };
}
