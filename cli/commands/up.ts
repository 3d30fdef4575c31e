import { Command, Option } from 'commander';
import type { CliContext } from '../context.ts';
import { address, duration, integer } from '../flags/values.ts';
import { nodeSet } from '../render/node-set.ts';
import { type LocalNode, localNodes } from '../up/local-nodes.ts';
import { StateFolder } from '../up/state-folder.ts';

interface UpFlags {
  readonly nodes: number;
  readonly stateDir: string;
  readonly listen: string;
  readonly http: string;
  readonly startWithin: number;
}

/** `muster up`: a replica and a few agents on this host, for a first look and for development. */
export function upCommand(context: CliContext): Command {
  return new Command('up')
    .description(
      'Run a replica and a few agents on this host, for a first look and for development. Ctrl-C stops everything.',
    )
    .addOption(new Option('--nodes <n>', 'how many agents').default(5).argParser(integer(1, 100)))
    .option('--state-dir <dir>', 'folder of the store, of each node and of the logs', './.muster')
    .addOption(new Option('--listen <host:port>', "the replica's address").default('127.0.0.1:7500').argParser(address))
    .addOption(
      new Option('--http <host:port>', 'where it serves metrics and health')
        .default('127.0.0.1:7501')
        .argParser(address),
    )
    .addOption(
      new Option('--start-within <duration>', 'how long it may take until all nodes are connected')
        .default(60_000, '60s')
        .argParser(duration),
    )
    .action((flags: UpFlags) => up(context, flags));
}

async function up(context: CliContext, flags: UpFlags): Promise<void> {
  // Loaded only here: starting programs takes a library that other commands do without.
  const { LocalCluster } = await import('../up/local-cluster.ts');
  const folder = await StateFolder.open(flags.stateDir);
  const say = (text: string): void => void context.stderr.write(`muster: ${text}\n`).catch(() => {});
  const nodes = localNodes(flags.nodes);
  const cluster = new LocalCluster({ folder, listen: flags.listen, http: flags.http, nodes, onNotice: say });
  const stopped = firstSignal();
  try {
    const ready = cluster.start(flags.startWithin);
    ready.catch(() => {});
    const first = await Promise.race([ready, stopped]);
    if (typeof first !== 'string') await context.stdout.write(welcome(folder.dir, flags, nodes, first));
    await Promise.race([stopped, cluster.broken]);
    say('stopping');
  } finally {
    await cluster.stop();
  }
}

function firstSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => resolve(signal));
  });
}

/** Where everything is, and what to type next. */
function welcome(
  dir: string,
  { listen, http }: UpFlags,
  nodes: readonly LocalNode[],
  known: readonly { readonly name: string }[],
): string {
  const names = nodes.map(({ name }) => name);
  const before = known.map(({ name }) => name).filter((name) => !names.includes(name));
  const elsewhere = listen === '127.0.0.1:7500' ? [] : [`  export MUSTER_SERVER=${listen}`];
  const lines = [
    `replica  ${listen}   metrics and health http://${http}`,
    `nodes    ${nodeSet(names)} (${nodes.length}), all connected`,
    ...(before.length > 0
      ? [`away     ${nodeSet(before)}, known from before; muster nodes remove NAME forgets one`]
      : []),
    `state    ${dir}`,
    '',
    'In another terminal:',
    ...elsewhere,
    '  muster nodes',
    '  muster run -l role=web -- uptime',
    "  muster run -l role=web --shell 'for i in 1 2 3; do echo $i; sleep 1; done'",
    `  muster run --node ${names[0]} -- sh -c 'exit 3'; echo $?`,
    '  muster run -l role=web --timeout 2s -- sleep 60',
    '  muster jobs',
    '',
    'Ctrl-C stops everything.',
  ];
  return lines.map((line) => `${line}\n`).join('');
}
