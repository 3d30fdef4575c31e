import { Command, Option } from 'commander';
import type { CliContext } from '../context.ts';
import { address, duration, integer } from '../flags/values.ts';
import { upWelcome } from '../render/up-welcome.ts';
import { localNodes } from '../up/local-nodes.ts';
import { localPlan } from '../up/local-plan.ts';
import { StateFolder } from '../up/state-folder.ts';

interface UpFlags {
  readonly nodes: number;
  readonly replicas: number;
  readonly etcd?: string;
  readonly restart: boolean;
  readonly stateDir: string;
  readonly listen: string;
  readonly http: string;
  readonly startWithin: number;
}

/** `muster up`: one replica or several, and a few agents, on this host, for a first look and for development. */
export function upCommand(context: CliContext): Command {
  return new Command('up')
    .description(
      'Run a replica (or several, on an etcd) and a few agents on this host, for a first look and for development. Ctrl-C stops ' +
        'everything.',
    )
    .addOption(new Option('--nodes <n>', 'how many agents').default(5).argParser(integer(1, 100)))
    .addOption(
      new Option('--replicas <n>', 'how many replicas; more than one share an etcd, which is started too')
        .default(1)
        .argParser(integer(1, 9)),
    )
    .option('--etcd <program>', 'the etcd to start (default: the one on PATH)')
    .option('--no-restart', 'what is killed stays down, to see what its death does')
    .option('--state-dir <dir>', 'folder of the store, of each node and of the logs', './.muster')
    .addOption(
      new Option('--listen <host:port>', "the replica's address; further replicas and etcd take ports 10, 20, … on")
        .default('127.0.0.1:7500')
        .argParser(address),
    )
    .addOption(
      new Option('--http <host:port>', 'where it serves metrics and health; further replicas 10, 20, … on')
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
  let plan: ReturnType<typeof localPlan>;
  try {
    plan = localPlan({ ...flags, etcd: flags.etcd, folder, path: context.env.PATH });
  } catch (error) {
    folder.release();
    throw error;
  }
  const say = (text: string): void => void context.stderr.write(`muster: ${text}\n`).catch(() => {});
  const nodes = localNodes(flags.nodes);
  const cluster = new LocalCluster({ folder, plan, nodes, restart: flags.restart, onNotice: say });
  const stopped = firstSignal();
  try {
    const ready = cluster.start(flags.startWithin);
    ready.catch(() => {});
    const first = await Promise.race([ready, stopped]);
    if (typeof first !== 'string') await context.stdout.write(upWelcome(folder.dir, plan, nodes, first));
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
