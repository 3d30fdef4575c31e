import { invalidField } from '../../shared/errors.ts';
import type { Log } from '../../shared/log.ts';
import type { Clock } from '../../shared/time.ts';
import { EmbeddedStore } from './embedded/embedded-store.ts';
import { parseStoreUrl } from './store-url.ts';
import type { Store } from './store.ts';

export interface OpenStoreOptions {
  /** `embedded:/path/dir`, or `etcd://host:port,host:port/prefix`; `etcds://` for TLS. */
  readonly store: string;
  readonly log: Log;
  readonly clock?: Clock;
}

/** Opens the store that a setting names. Rejects with INVALID_FIELD where it is malformed. */
export async function openStore({ store, log, clock }: OpenStoreOptions): Promise<Store> {
  const target = parseStoreUrl(store);
  const shared = { log, ...(clock !== undefined && { clock }) };
  if (target.driver === 'embedded') return EmbeddedStore.open({ path: target.path, ...shared });
  throw invalidField('store', 'etcd is not there yet');
}
