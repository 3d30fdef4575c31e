import type { Log } from '../../shared/log.ts';
import type { Clock } from '../../shared/time.ts';
import { EmbeddedStore } from './embedded/embedded-store.ts';
import type { EtcdTls } from './etcd/etcd-store.ts';
import type { Store } from './store.ts';
import { parseStoreUrl } from './store-url.ts';

export interface OpenStoreOptions {
  /** `embedded:/path/dir`, or `etcd://host:port,host:port/prefix`; `etcds://` for TLS. */
  readonly store: string;
  readonly log: Log;
  readonly clock?: Clock;
  /** For `etcds://`. */
  readonly tls?: EtcdTls;
}

/** Opens the store that a setting names. Rejects with INVALID_FIELD where it is malformed. */
export async function openStore({ store, log, clock, tls }: OpenStoreOptions): Promise<Store> {
  const target = parseStoreUrl(store);
  const shared = { log, ...(clock !== undefined && { clock }) };
  if (target.driver === 'embedded') return EmbeddedStore.open({ path: target.path, ...shared });
  // Loading etcd's client costs what a replica on the embedded store need not pay.
  const { EtcdStore } = await import('./etcd/etcd-store.ts');
  const { endpoints, prefix } = target;
  return EtcdStore.open({ endpoints, prefix, ...shared, ...(target.tls && { tls: tls ?? {} }) });
}
