import { posix } from 'node:path';
import { readSource, sourcePaths } from './sources.ts';
import type { Finding, Step } from './step.ts';

/** The server's rooms from the top down: each may import its own and those after it. */
const serverRooms = [
  '',
  'api',
  'http',
  'leader',
  'jobs',
  'output',
  'peers',
  'fleet',
  'documents',
  'access',
  'audit',
  'store',
];

/** What each top folder may import besides itself, `shared/` and `proto/`. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  shared: [],
  agent: [],
  cli: [],
  server: [],
  tools: ['agent', 'cli', 'server'],
  bench: ['agent', 'cli', 'server', 'test', 'tools'],
  abuse: ['agent', 'bench', 'cli', 'server', 'test', 'tools'],
  faults: ['agent', 'bench', 'cli', 'server', 'test', 'tools'],
  test: ['abuse', 'agent', 'bench', 'cli', 'faults', 'server', 'tools'],
};

/** Project files and what each imports: paths from the top folder. */
export type ImportGraph = ReadonlyMap<string, readonly string[]>;

export const layerStep: Step = {
  name: 'layers',
  advice:
    'Imports run downward only and never in a circle (docs/architecture.md has the list of rooms): hand the thing in as a ' +
    'constructor option, or move what both need to shared/.',
  async run(): Promise<Finding> {
    const paths = await sourcePaths('.ts');
    const graph = new Map(paths.map((path) => [path, importsOf(path, readSource(path))]));
    return { problems: [...directionProblems(graph), ...cycles(graph).map((cycle) => `circle: ${cycle.join(' → ')}`)] };
  },
};

/** The project files that a source text imports, statically, dynamically or for types only. */
export function importsOf(path: string, source: string): string[] {
  const code = source.replace(/^\s*(\/\/|\*|\/\*).*$/gm, '');
  const specifiers = code.matchAll(
    /(?:^\s*(?:import|export)\b(?:[^'";]*?\bfrom)?\s*|\bimport\s*\(\s*)(['"])(\.[^'"]+)\1/gm,
  );
  return [...specifiers].map(([, , specifier]) => posix.join(posix.dirname(path), specifier ?? ''));
}

/** Every import that goes up, or across to a folder that is none of the importer's business. */
export function directionProblems(graph: ImportGraph): string[] {
  const problems: string[] = [];
  for (const [from, targets] of graph) {
    for (const to of targets) {
      const reason = whyNot(from, to);
      if (reason !== undefined) problems.push(`${from} imports ${to}: ${reason}`);
    }
  }
  return problems;
}

function whyNot(from: string, to: string): string | undefined {
  const [fromTop = '', toTop = ''] = [topFolder(from), topFolder(to)];
  if (to.startsWith('..')) return 'it is outside of the project';
  if (toTop === 'proto' || toTop === 'package.json') return undefined;
  if (fromTop !== toTop) {
    if (toTop === 'shared' || mayImport[fromTop]?.includes(toTop)) return undefined;
    return `${fromTop} may know only itself, shared and proto${(mayImport[fromTop] ?? []).map((top) => `, ${top}`).join('')}`;
  }
  if (fromTop !== 'server') return undefined;
  const [fromRoom, toRoom] = [serverRoom(from), serverRoom(to)];
  const unknown = [fromRoom, toRoom].find((room) => !serverRooms.includes(room));
  if (unknown !== undefined) return `server/${unknown}/ is not in the list of rooms`;
  if (serverRooms.indexOf(fromRoom) <= serverRooms.indexOf(toRoom)) return undefined;
  return `upward: ${toRoom === '' ? 'the top of server/' : `server/${toRoom}`} stands above server/${fromRoom}`;
}

const topFolder = (path: string): string => path.split('/', 1)[0] ?? '';
const serverRoom = (path: string): string => (path.split('/').length > 2 ? (path.split('/')[1] ?? '') : '');

/** One circle for every file that closes one: the files in import order, the first repeated at the end. */
export function cycles(graph: ImportGraph): string[][] {
  const found: string[][] = [];
  const done = new Set<string>();
  const way: string[] = [];
  const visit = (path: string): void => {
    const at = way.indexOf(path);
    if (at !== -1) {
      found.push([...way.slice(at), path]);
      return;
    }
    if (done.has(path)) return;
    way.push(path);
    for (const next of graph.get(path) ?? []) visit(next);
    way.pop();
    done.add(path);
  };
  for (const path of graph.keys()) visit(path);
  return found;
}
