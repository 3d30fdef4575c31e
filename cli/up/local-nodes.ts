export interface LocalNode {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

const zones = ['a', 'b', 'c'];

/** Names and labels for a first look: three fifths web, the others db, over three zones. Five are web-1 to web-3, db-1 and db-2. */
export function localNodes(count: number): LocalNode[] {
  const webs = Math.max(1, Math.round((count * 3) / 5));
  return Array.from({ length: count }, (_, at) => {
    const role = at < webs ? 'web' : 'db';
    const number = at < webs ? at + 1 : at - webs + 1;
    return { name: `${role}-${number}`, labels: { role, zone: zones[at % zones.length] as string } };
  });
}
