import { agentDisk } from './cases/agent-disk.ts';
import { allEtcdGone } from './cases/all-etcd-gone.ts';
import { allReplicasGone } from './cases/all-replicas-gone.ts';
import { budget } from './cases/budget.ts';
import { coordinatorKill } from './cases/coordinator-kill.ts';
import { crashMatrix } from './cases/crash-matrix.ts';
import { etcdMemberKills } from './cases/etcd-member-kills.ts';
import { herd } from './cases/herd.ts';
import { leaderKill } from './cases/leader-kill.ts';
import { random } from './cases/random.ts';
import { replicaCut } from './cases/replica-cut.ts';
import { replicaKill } from './cases/replica-kill.ts';
import { replicaPause } from './cases/replica-pause.ts';
import { replicaSilence } from './cases/replica-silence.ts';
import { rollingRestart } from './cases/rolling-restart.ts';
import { slowLinks } from './cases/slow-links.ts';
import { storeRows } from './cases/store-rows.ts';
import { twoHolders } from './cases/two-holders.ts';
import type { FaultCase } from './trial.ts';

/** In the order in which they run. */
export const cases: readonly FaultCase[] = [
  replicaKill,
  coordinatorKill,
  leaderKill,
  replicaPause,
  replicaCut,
  replicaSilence,
  slowLinks,
  etcdMemberKills,
  allReplicasGone,
  allEtcdGone,
  twoHolders,
  storeRows,
  crashMatrix,
  agentDisk,
  rollingRestart,
  budget,
  herd,
  random,
];
