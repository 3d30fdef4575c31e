import { Command } from 'commander';
import type { Node__Output } from '../../proto/gen/muster/v1/Node.ts';
import { MusterError } from '../../shared/errors.ts';
import { nodeMethods } from '../../shared/rpc/methods.ts';
import type { CliContext } from '../context.ts';
import { type ConnectionFlags, withClient, withConnection } from '../flags/connection.ts';
import { type OutputFormat, outputOption } from '../flags/job-output.ts';
import { labelChanges } from '../flags/label-changes.ts';
import { listNodes } from '../job/list-nodes.ts';
import { nodeDocument } from '../render/documents.ts';
import { listText } from '../render/list-text.ts';
import { nodeDetails, nodeTable } from '../render/node-table.ts';

type NodesFlags = ConnectionFlags & { output?: OutputFormat; selector?: string };
type NodeAnswer = { node: Node__Output | null };

/** `muster nodes` and what can be done to one. */
export function nodesCommand(context: CliContext): Command {
  const nodes = new Command('nodes')
    .description('Look at nodes, label them, take them out of plans.')
    .enablePositionalOptions();
  const list = new Command('list')
    .description('List nodes by name.')
    .option('-l, --selector <selector>', 'only those that match')
    .addOption(outputOption('table (the default), more columns, documents, records, or names'));
  withConnection(list).action((flags: NodesFlags) =>
    withClient(flags, async (client) => {
      const found = await listNodes(client, flags.selector ?? '');
      const text = await listText(flags.output ?? 'table', {
        documents: found.map(nodeDocument),
        names: found.map(({ name }) => name),
        table: (wide) => nodeTable(found, wide, Date.now()),
      });
      await context.stdout.write(text);
    }),
  );
  const show = new Command('show')
    .description('Show everything that is known of a node.')
    .argument('<node>', 'name or uid')
    .addOption(outputOption('text (the default), one document, records, or the name'));
  withConnection(show).action((name: string, flags: NodesFlags) =>
    withClient(flags, async (client) => {
      const node = answered(await client.call(nodeMethods.GetNode, { node: name }));
      const { output = 'table' } = flags;
      if (output === 'json') return context.stdout.write(`${JSON.stringify(nodeDocument(node), null, 2)}\n`);
      const list = { documents: [nodeDocument(node)], names: [node.name], table: () => nodeDetails(node) };
      await context.stdout.write(await listText(output, list));
    }),
  );
  const label = new Command('label')
    .description('Set labels (key=value) and remove them (key-).')
    .argument('<node>', 'name or uid')
    .argument('<change...>', 'key=value or key-');
  withConnection(label).action((name: string, changes: string[], flags: NodesFlags) =>
    withClient(flags, async (client) => {
      const { set, remove } = labelChanges(changes);
      const request = { node: name, set: Object.fromEntries(set), remove };
      const node = answered(await client.call(nodeMethods.SetLabels, request));
      const labels = Object.entries(node.labels).map(([key, value]) => `${key}=${value}`);
      await context.stdout.write(`${node.name} ${labels.sort().join(',')}\n`);
    }),
  );
  nodes.addCommand(list, { isDefault: true }).addCommand(show).addCommand(label);
  const changes = [
    ['cordon', 'Leave a node out of later plans; what runs goes on.', nodeMethods.Cordon, 'cordoned'],
    ['uncordon', 'Take a node into plans again.', nodeMethods.Uncordon, 'uncordoned'],
    ['remove', 'Forget a node without a session; its name is free again.', nodeMethods.RemoveNode, 'removed'],
  ] as const;
  for (const [verb, description, method, done] of changes) {
    const change = new Command(verb).description(description).argument('<node>', 'name or uid');
    withConnection(change).action((name: string, flags: NodesFlags) =>
      withClient(flags, async (client) => {
        await client.call<{ node?: string }, object>(method, { node: name });
        await context.stdout.write(`${name} ${done}\n`);
      }),
    );
    nodes.addCommand(change);
  }
  return nodes;
}

function answered({ node }: NodeAnswer): Node__Output {
  if (node === null) throw new MusterError('INTERNAL', 'the replica answered without the node');
  return node;
}
