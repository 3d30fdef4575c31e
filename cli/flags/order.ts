import { type Command, Option } from 'commander';
import type { Amount } from '../../proto/gen/muster/v1/Amount.ts';
import type { Lane } from '../../proto/gen/muster/v1/Lane.ts';
import type { OrderInput } from '../../shared/order.ts';
import type { NodeTarget } from '../job/plan-nodes.ts';
import { UsageError } from '../usage-error.ts';
import { amount, duration, environmentEntry, jobId, lane, latestKey, nameList, size } from './values.ts';

export interface OrderFlags {
  readonly selector?: string;
  readonly node?: readonly string[];
  readonly shell?: string;
  readonly stdin?: string;
  readonly timeout?: number;
  readonly grace?: number;
  readonly env?: ReadonlyMap<string, string>;
  readonly cwd?: string;
  readonly user?: string;
  readonly containment?: 'cgroup' | 'marker';
  readonly maxConcurrency?: Amount;
  readonly maxErrors?: Amount;
  readonly deliverWithin?: number;
  readonly queue: boolean;
  readonly latest?: string;
  readonly lane?: Lane;
  readonly jobTimeout?: number;
  readonly outputBound?: number;
  readonly outputPolicy?: 'keep-tail' | 'keep-head' | 'throttle' | 'kill';
  readonly id?: string;
}

/** Where, what and within which bounds to run. */
export function withOrder(command: Command): Command {
  const option = (flags: string, description: string, parse: (text: string) => unknown): Option =>
    new Option(flags, description).argParser(parse);
  return command
    .option('-l, --selector <selector>', 'nodes by label, as in Kubernetes: role=web,zone!=b; facts as fact/os=linux')
    .addOption(new Option('--node <name,…>', 'nodes by name; may be given several times').argParser(nameList))
    .option('--shell <script>', 'run this script by sh -c instead of a program')
    .option('--stdin <file>', 'standard input of the command, at most 16 MiB; - is our own')
    .addOption(
      option('--timeout <duration>', 'end the command after this long, everything it started included', duration),
    )
    .addOption(option('--grace <duration>', 'between TERM and KILL (default: 10s)', duration))
    .addOption(
      new Option('--env <key=value>', 'environment entry; may be given several times').argParser(environmentEntry),
    )
    .option('--cwd <dir>', 'working directory, absolute')
    .option('--user <name>', 'user to run as; needs an agent that is root')
    .addOption(
      new Option('--containment <kind>', 'containment that a node must offer (default: whatever it has)').choices([
        'cgroup',
        'marker',
      ]),
    )
    .addOption(option('--max-concurrency <n|n%>', 'nodes at once (default: 1000)', amount(1)))
    .addOption(
      option('--max-errors <n|n%>', 'stop once more nodes than this did not succeed (default: never)', amount(0)),
    )
    .addOption(
      option(
        '--deliver-within <duration>',
        'how long it waits for nodes that are away (default: 24h, at most 30d)',
        duration,
      ),
    )
    .option('--no-queue', 'leave out nodes that are away instead of waiting for them')
    .addOption(
      option(
        '--latest <key>',
        'a newer job with this key takes the place of this one where it is not offered yet',
        latestKey,
      ),
    )
    .addOption(
      option(
        '--lane <name[:n]>',
        'commands of one lane wait for each other on their node: n at once (default: 1)',
        lane,
      ),
    )
    .addOption(
      option('--job-timeout <duration>', 'close the job after this long, whatever is still unheard of', duration),
    )
    .addOption(option('--output-bound <size>', 'bytes kept of each of the two streams (default: 256MiB)', size))
    .addOption(
      new Option('--output-policy <policy>', 'what happens at that bound (default: keep-tail)').choices([
        'keep-tail',
        'keep-head',
        'throttle',
        'kill',
      ]),
    )
    .addOption(
      option('--id <job id>', 'job id to use, 32 lower-case hex digits: the same order again is the same job', jobId),
    );
}

/** The nodes asked for. An empty selector is an error and never means all. */
export function targetOf({ selector, node = [] }: OrderFlags): NodeTarget {
  if (selector !== undefined && node.length > 0) throw new UsageError('give either -l, --selector or --node, not both');
  if (selector !== undefined && selector.trim() === '') {
    throw new UsageError(
      '-l, --selector is empty: say which nodes, for example -l role=web (an empty selector never means all)',
    );
  }
  if (selector === undefined && node.length === 0) {
    throw new UsageError('say which nodes: -l, --selector (for example -l role=web) or --node NAME');
  }
  return { selector: selector ?? '', nodes: node };
}

/** The order's contents, but for the plan. Throws UsageError naming the flag. */
export function orderInput(
  flags: OrderFlags,
  argv: readonly string[],
  given: { nowUnixMs: number; stdin: Buffer | undefined },
): Omit<OrderInput, 'plan'> {
  if (flags.shell !== undefined && argv.length > 0)
    throw new UsageError('give either --shell or a program after --, not both');
  if (flags.shell === undefined && argv.length === 0) {
    throw new UsageError("say what to run: a program and its arguments after --, or --shell 'script'");
  }
  const { jobTimeout, deliverWithin } = flags;
  if (!flags.queue && deliverWithin !== undefined) {
    throw new UsageError('give either --no-queue or --deliver-within, not both');
  }
  if (jobTimeout !== undefined && deliverWithin !== undefined && jobTimeout < deliverWithin) {
    throw new UsageError('--job-timeout is shorter than --deliver-within');
  }
  const deliverWithinMs = deliverWithin ?? (jobTimeout !== undefined ? Math.min(jobTimeout, 86_400_000) : 0);
  const policy = flags.outputPolicy?.toUpperCase().replace('-', '_') as 'KEEP_TAIL' | 'KEEP_HEAD' | 'THROTTLE' | 'KILL';
  return {
    ...(flags.id !== undefined && { id: flags.id }),
    command: {
      argv: flags.shell === undefined ? [...argv] : [flags.shell],
      shell: flags.shell !== undefined,
      env: Object.fromEntries(flags.env ?? []),
      workingDirectory: flags.cwd ?? '',
      runAs: flags.user ?? '',
      ...(flags.containment && {
        containment: flags.containment === 'cgroup' ? 'CONTAINMENT_CGROUP' : 'CONTAINMENT_MARKER',
      }),
    },
    selector: flags.selector ?? '',
    ...(given.stdin && given.stdin.length > 0 && { stdin: given.stdin }),
    limits: {
      timeoutMs: flags.timeout ?? 0,
      ...(flags.grace !== undefined && { graceMs: flags.grace }),
      outputBoundBytes: flags.outputBound ?? 0,
      ...(policy && { outputPolicy: `OUTPUT_POLICY_${policy}` as const }),
    },
    rollout: {
      ...(flags.maxConcurrency && { maxConcurrency: flags.maxConcurrency }),
      ...(flags.maxErrors && { maxErrors: flags.maxErrors }),
    },
    ...(flags.latest !== undefined && { latestKey: flags.latest }),
    ...(flags.lane && { lane: flags.lane }),
    createdUnixMs: given.nowUnixMs,
    deliverWithinMs,
    ...(jobTimeout !== undefined && { jobDeadlineUnixMs: given.nowUnixMs + jobTimeout }),
  };
}

/** The flag behind a field of an order, for errors about it. */
export const flagOfField: Readonly<Record<string, string>> = {
  'order.id': '--id',
  'order.selector': '-l, --selector',
  'order.command.env': '--env',
  'order.command.working_directory': '--cwd',
  'order.command.run_as': '--user',
  'order.command.containment': '--containment',
  'order.limits.timeout_ms': '--timeout',
  'order.limits.grace_ms': '--grace',
  'order.limits.output_bound_bytes': '--output-bound',
  'order.limits.output_policy': '--output-policy',
  'order.rollout.max_concurrency': '--max-concurrency',
  'order.rollout.max_errors': '--max-errors',
  'order.delivery_deadline_unix_ms': '--deliver-within',
  'order.expires_unix_ms': '--deliver-within',
  'order.job_deadline_unix_ms': '--job-timeout',
  'order.stdin_bytes': '--stdin',
  'order.latest_key': '--latest',
  'order.lane': '--lane',
};
