import { isAbsolute } from 'node:path';
import { invalidField } from '../../shared/errors.ts';

/** What a `store` setting names. */
export type StoreTarget =
  | { readonly driver: 'embedded'; readonly path: string }
  | {
      readonly driver: 'etcd';
      /** `host:port`, one or several. */
      readonly endpoints: readonly string[];
      /** Ends in `/`. */
      readonly prefix: string;
      readonly tls: boolean;
    };

const shapes = 'must be embedded:/path/dir or etcd://host:port,host:port/prefix';
const defaultPrefix = 'muster/';

/** Throws INVALID_FIELD `store` where the text is neither shape. */
export function parseStoreUrl(text: string): StoreTarget {
  if (text.startsWith('embedded:')) {
    const path = text.slice('embedded:'.length);
    if (!isAbsolute(path)) throw invalidField('store', `${shapes}; ${JSON.stringify(path)} is not an absolute path`);
    return { driver: 'embedded', path };
  }
  const match = /^(etcds?):\/\/([^/]*)(?:\/(.*))?$/.exec(text);
  if (match === null) throw invalidField('store', `${shapes}, not ${JSON.stringify(text)}`);
  const [, scheme, hosts = '', prefix = ''] = match;
  const endpoints = hosts.split(',');
  for (const endpoint of endpoints) checkEndpoint(endpoint);
  if (new Set(endpoints).size < endpoints.length) throw invalidField('store', 'names an endpoint twice');
  return { driver: 'etcd', endpoints, prefix: checkedPrefix(prefix), tls: scheme === 'etcds' };
}

function checkEndpoint(endpoint: string): void {
  const match = /^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):(\d{1,5})$/.exec(endpoint);
  const port = Number(match?.[2]);
  if (match === null || port < 1 || port > 65_535) {
    throw invalidField('store', `${shapes}; ${JSON.stringify(endpoint)} is not host:port`);
  }
}

function checkedPrefix(text: string): string {
  if (text === '') return defaultPrefix;
  const prefix = text.endsWith('/') ? text : `${text}/`;
  if (!/^([A-Za-z0-9._-]+\/)+$/.test(prefix) || prefix.length > 128) {
    throw invalidField(
      'store',
      `${shapes}; the prefix ${JSON.stringify(text)} must be names of A-Z a-z 0-9 . _ - divided by /`,
    );
  }
  return prefix;
}
