import { compareNatural } from '../../shared/natural-order.ts';

/**
 * Node names as people who run clusters write them: `web-[1-3,5]`, `db-1`. The last number of a name's first label is what
 * folds; numbers of another width (leading zeros) stay apart. Sorted as text, numbers as numbers.
 */
export function nodeSet(names: readonly string[]): string {
  const groups = new Map<string, { head: string; tail: string; width: number; numbers: number[] }>();
  const plain = new Set<string>();
  for (const name of new Set(names)) {
    const match = /^([^.]*?)([0-9]{1,9})([^.0-9]*)((?:\..*)?)$/.exec(name);
    if (match === null) {
      plain.add(name);
      continue;
    }
    const [, head = '', digits = '', middle = '', domain = ''] = match;
    // Without a leading zero the number's own length says nothing: 9 and 10 are one range.
    const width = digits.startsWith('0') ? digits.length : 0;
    const tail = middle + domain;
    const key = JSON.stringify([head, tail, width]);
    const group = groups.get(key) ?? { head, tail, width, numbers: [] };
    group.numbers.push(Number(digits));
    groups.set(key, group);
  }
  const folded = [...groups.values()].map(({ head, tail, width, numbers }) => {
    const ranges = toRanges(numbers.sort((a, b) => a - b)).map(([from, to]) =>
      from === to ? pad(from, width) : `${pad(from, width)}-${pad(to, width)}`,
    );
    const single = ranges.length === 1 && !ranges[0]?.includes('-');
    return `${head}${single ? ranges[0] : `[${ranges.join(',')}]`}${tail}`;
  });
  return [...plain, ...folded].sort(compareNatural).join(',');
}

const pad = (number: number, width: number): string => String(number).padStart(width, '0');

function toRanges(sorted: readonly number[]): [number, number][] {
  const ranges: [number, number][] = [];
  for (const number of sorted) {
    const last = ranges.at(-1);
    if (last !== undefined && number === last[1] + 1) last[1] = number;
    else ranges.push([number, number]);
  }
  return ranges;
}
