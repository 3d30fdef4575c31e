import type { PlannedNode__Output } from '../../proto/gen/muster/v1/PlannedNode.ts';
import type { OutputFormat } from '../flags/job-output.ts';
import { nodeSet } from './node-set.ts';
import { tableText } from './table.ts';
import { yamlText } from './yaml-text.ts';

/** What `--dry-run` shows: the frozen plan of an order that is not submitted. */
export async function planText(plan: {
  order: { id: string; bytes: Buffer };
  planned: readonly PlannedNode__Output[];
  format: OutputFormat;
}): Promise<string> {
  const { planned, format, order } = plan;
  const nodes = planned.map(({ uid, name, connected }) => ({ node: name, uid, connected }));
  switch (format) {
    case 'name':
      return nodes.map(({ node }) => `${node}\n`).join('');
    case 'jsonl':
      return nodes.map((node) => `${JSON.stringify(node)}\n`).join('');
    case 'json':
      return `${JSON.stringify({ count: nodes.length, orderBytes: order.bytes.length, nodes }, null, 2)}\n`;
    case 'yaml':
      return yamlText({ count: nodes.length, orderBytes: order.bytes.length, nodes });
    default: {
      const rows = nodes.map(({ node, uid, connected }) => [
        node,
        connected ? 'yes' : 'no',
        ...(format === 'wide' ? [uid] : []),
      ]);
      const away = planned.filter(({ connected }) => !connected).length;
      const total = `would run on ${nodes.length}: ${nodeSet(nodes.map(({ node }) => node))}`;
      const note = away > 0 ? `; ${away} not connected now` : '';
      return `${tableText(['NODE', 'CONNECTED', ...(format === 'wide' ? ['UID'] : [])], rows)}${total}${note}\n`;
    }
  }
}
