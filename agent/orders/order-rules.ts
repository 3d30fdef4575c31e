import { invalidField } from '../../shared/errors.ts';
import type { AgentSettings } from '../settings.ts';
import { readHostLabels } from './host-labels.ts';
import { type LocalPolicy, readLocalPolicy } from './local-policy.ts';
import { TrustStore } from './trust-store.ts';

/** What the host's owner asks of an order before it may run here. */
export interface OrderRules {
  /** Undefined = orders need no signature. */
  readonly trust: TrustStore | undefined;
  /** The labels that the host holds; undefined = none were given. */
  readonly hostLabels: ReadonlyMap<string, string> | undefined;
  /** Undefined = whatever is signed may run. */
  readonly policy: LocalPolicy | undefined;
}

/** Nothing is asked: for a host whose owner trusts the control plane. */
export const noRules: OrderRules = { trust: undefined, hostLabels: undefined, policy: undefined };

/** Reads the files that the settings name. Throws INVALID_FIELD naming the flag, the file and the line. */
export function readOrderRules(
  settings: Pick<AgentSettings, 'signing' | 'trustFile' | 'hostLabelsFile' | 'policyFile'>,
  stateDir: string,
): OrderRules {
  const { signing, trustFile, hostLabelsFile, policyFile } = settings;
  if (signing === 'require' && trustFile === undefined) {
    throw invalidField('--trust-file', 'is required with --signing require: whose orders may run here?');
  }
  return {
    trust:
      signing === 'require' && trustFile !== undefined
        ? new TrustStore({ file: trustFile, flag: '--trust-file', stateDir })
        : undefined,
    hostLabels: hostLabelsFile === undefined ? undefined : readHostLabels(hostLabelsFile, '--host-labels-file'),
    policy: policyFile === undefined ? undefined : readLocalPolicy(policyFile, '--policy-file'),
  };
}
