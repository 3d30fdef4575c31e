import type { PlannedNode__Output } from '../../proto/gen/muster/v1/PlannedNode.ts';
import { nodeSet } from './node-set.ts';
import { shortDuration } from './short-duration.ts';

/** The nodes of a plan that have no session now. */
export const awayNodes = (planned: readonly PlannedNode__Output[]): string[] =>
  planned.filter(({ connected }) => !connected).map(({ name }) => name);

/** Says which nodes an order waits for and for how long, so that nobody wonders; empty where it waits for none. */
export function waitingNotice(planned: readonly PlannedNode__Output[], untilUnixMs: number, nowUnixMs: number): string {
  const away = awayNodes(planned);
  if (away.length === 0) return '';
  const until = new Date(untilUnixMs)
    .toISOString()
    .replace(/:\d\d\.\d+Z$/, 'Z')
    .replace('T', ' ');
  const wait = `waits until ${until} (${shortDuration(untilUnixMs - nowUnixMs)}) for that to change, with or without you`;
  return `muster: ${areAway(away, planned.length)}: ${away.length === 1 ? 'its' : 'their'} command ${wait}\n`;
}

/** Says which nodes `--no-queue` leaves out. */
export const leftOutNotice = (away: readonly string[], of: number): string =>
  `muster: ${areAway(away, of)} and left out, because of --no-queue\n`;

const areAway = (away: readonly string[], of: number): string =>
  `${nodeSet(away)} ${away.length === 1 ? 'is' : 'are'} away (${away.length} of ${of})`;
