import type { PlannedNode__Output } from '../../proto/gen/muster/v1/PlannedNode.ts';
import type { CliContext } from '../context.ts';
import { nodeSet } from './node-set.ts';

/** Says on stderr which nodes of a plan have no session now, so that nobody wonders what is waited for. */
export async function sayAway(
  context: CliContext,
  planned: readonly PlannedNode__Output[],
  quiet: boolean,
): Promise<void> {
  const away = planned.filter(({ connected }) => !connected).map(({ name }) => name);
  if (away.length === 0 || quiet) return;
  const text = `${away.length} of ${planned.length} not connected now, waited for until delivery is over: ${nodeSet(away)}`;
  await context.stderr.write(`muster: ${text}\n`);
}
