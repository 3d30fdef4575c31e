import { sleep } from '../shared/time.ts';
import type { EtcdMember } from '../test/harness/etcd-cluster.ts';
import type { FaultCluster } from './cluster/fault-cluster.ts';
import type { HostPart } from './cluster/host-parts.ts';
import type { LinkKind } from './cluster/links.ts';
import type { SimulatedFleet } from './cluster/simulated-fleet.ts';
import type { Trial } from './trial.ts';

/** Heals what it has done before it resolves; `window` is where the job stands that it falls into. */
export type MixedFault = (window: string) => Promise<void>;

export interface MixParts {
  readonly trial: Trial;
  readonly cluster: FaultCluster;
  readonly etcd: readonly EtcdMember[];
  readonly fleet: SimulatedFleet;
}

const kinds: readonly LinkKind[] = ['store', 'peers', 'agents'];

/** Every fault that may fall on a cluster at any moment, as often as it stands here. */
export function randomMix(parts: MixParts): MixedFault[] {
  return [...onReplicas(parts), ...onLinks(parts), ...onLinks(parts), ...onHosts(parts), ...onEtcd(parts)];
}

const awhile = ({ random, signal }: Trial, mostMs = 4000): Promise<void> => sleep(random.below(mostMs), signal);

function onReplicas({ trial, cluster }: MixParts): MixedFault[] {
  const any = (): number => trial.random.below(cluster.replicas.length);
  return [
    async (window) => {
      const n = any();
      await cluster.kill(n, window);
      await awhile(trial);
      cluster.begin(n);
      await cluster.ready(n);
    },
    async (window) => {
      const n = any();
      await cluster.drain(n, window);
      cluster.begin(n);
      await cluster.ready(n);
    },
    async (window) => {
      const n = any();
      cluster.pause(n, window);
      await awhile(trial);
      cluster.resume(n);
    },
  ];
}

function onLinks({ trial, cluster: { links, replicas } }: MixParts): MixedFault[] {
  const { random: draw } = trial;
  const one = (): [LinkKind, number] => [kinds[draw.below(kinds.length)] as LinkKind, draw.below(replicas.length)];
  const faults: ((kind: LinkKind, n: number, window: string) => void)[] = [
    (kind, n, window) => links.cut(kind, n, window),
    (kind, n, window) => links.silence(kind, n, window),
    (kind, n, window) => links.slow(kind, n, 20 + draw.below(600), window),
  ];
  return faults.map((fault) => async (window: string) => {
    const [kind, n] = one();
    fault(kind, n, window);
    await awhile(trial);
    links.heal(kind, n);
  });
}

function onHosts({ trial, cluster, fleet }: MixParts): MixedFault[] {
  const any = (): number => trial.random.below(cluster.processes.agents.length);
  const parts: readonly HostPart[] = ['supervisor', 'drain', 'drain-loop'];
  return [
    async (window) => {
      const n = any();
      await cluster.killAgent(n, window);
      await awhile(trial, 500);
      cluster.processes.agents[n]?.start();
    },
    (window) => cluster.restartAgent(any(), window),
    async (window) => {
      const n = any();
      cluster.pauseAgent(n, window);
      await awhile(trial);
      cluster.resumeAgent(n);
    },
    async (window) => {
      trial.fault('pause-fleet', fleet.prefix, window);
      fleet.program.pause();
      await awhile(trial);
      fleet.program.resume();
    },
    ...parts.map((part) => async (window: string) => cluster.killPart(any(), part, window)),
  ];
}

function onEtcd({ trial, etcd }: MixParts): MixedFault[] {
  const any = (): number => trial.random.below(etcd.length);
  return [
    async (window) => {
      const n = any();
      trial.fault('kill-etcd-member', `m${n}`, window);
      await etcd[n]?.kill();
      await awhile(trial);
      await etcd[n]?.restart();
    },
    async (window) => {
      const n = any();
      trial.fault('pause-etcd-member', `m${n}`, window);
      etcd[n]?.pause();
      await awhile(trial);
      etcd[n]?.resume();
    },
    async (window) => {
      trial.fault('kill-etcd', 'all', window);
      await Promise.all(etcd.map((member) => member.kill()));
      await awhile(trial);
      await Promise.all(etcd.map((member) => member.restart()));
    },
  ];
}
