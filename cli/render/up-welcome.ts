import type { LocalNode } from '../up/local-nodes.ts';
import type { LocalPlan } from '../up/local-plan.ts';
import { nodeSet } from './node-set.ts';

/** What `muster up` says once all is up: where everything is, and what to type next. */
export function upWelcome(
  dir: string,
  plan: LocalPlan,
  nodes: readonly LocalNode[],
  known: readonly { readonly name: string }[],
): string {
  const names = nodes.map(({ name }) => name);
  const before = known.map(({ name }) => name).filter((name) => !names.includes(name));
  const servers = plan.replicas.map(({ listen }) => listen).join(',');
  const several = plan.replicas.length > 1;
  const lines = [
    ...plan.replicas.map(
      ({ name, listen, http }) =>
        `${(several ? name : 'replica').padEnd(9)} ${listen}   metrics and health http://${http}`,
    ),
    ...(plan.etcd ? [`etcd      ${plan.etcd.endpoint}`] : []),
    `nodes     ${nodeSet(names)} (${nodes.length}), all connected`,
    ...(before.length > 0
      ? [`away      ${nodeSet(before)}, known from before; muster nodes remove NAME forgets one`]
      : []),
    `state     ${dir}`,
    '',
    'In another terminal:',
    ...(servers === '127.0.0.1:7500' ? [] : [`  export MUSTER_SERVER=${servers}`]),
    '  muster nodes',
    '  muster run -l role=web -- uptime',
    "  muster run -l role=web --shell 'for i in 1 2 3; do echo $i; sleep 1; done'",
    `  muster run --node ${names[0]} -- sh -c 'exit 3'; echo $?`,
    '  muster run -l role=web --timeout 2s -- sleep 60',
    '  muster jobs',
    '  muster cluster',
    '',
    'Ctrl-C stops everything.',
  ];
  return lines.map((line) => `${line}\n`).join('');
}
