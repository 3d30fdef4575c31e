import { CompareResult, CompareTarget, type ICompare, type IEvent, type IKeyValue, type IRequestOp } from 'etcd3';
import { prefixEnd } from '../key-range.ts';
import type { Compare, Entry, WatchEvent } from '../store.ts';

/** As `Operation`, the lease by its id in etcd. */
export type EtcdOperation =
  | { readonly put: string; readonly value: Buffer; readonly lease?: string }
  | { readonly delete: string }
  | { readonly deletePrefix: string };

/** Translates between the store's words and etcd's, under one prefix. */
export class Wire {
  readonly #prefix: string;

  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  key(key: string): Buffer {
    return Buffer.from(this.#prefix + key, 'latin1');
  }

  /** Everything that starts with `prefix`. */
  range(prefix: string): { key: Buffer; range_end: Buffer } {
    return { key: this.key(prefix), range_end: Buffer.from(prefixEnd(this.#prefix + prefix), 'latin1') };
  }

  compare(compare: Compare): ICompare {
    const key = this.key(compare.key);
    if ('exists' in compare) {
      const result = compare.exists ? CompareResult.NotEqual : CompareResult.Equal;
      return { key, target: CompareTarget.Version, result, version: 0 };
    }
    const result = CompareResult.Equal;
    if ('createRevision' in compare) {
      return { key, target: CompareTarget.Create, result, create_revision: compare.createRevision };
    }
    if ('modRevision' in compare) return { key, target: CompareTarget.Mod, result, mod_revision: compare.modRevision };
    return { key, target: CompareTarget.Value, result, value: compare.value };
  }

  operation(operation: EtcdOperation): IRequestOp {
    if ('put' in operation) {
      const { put, value, lease = '0' } = operation;
      return { request_put: { key: this.key(put), value, lease } };
    }
    if ('delete' in operation) return { request_delete_range: { key: this.key(operation.delete) } };
    return { request_delete_range: this.range(operation.deletePrefix) };
  }

  get(key: string): IRequestOp {
    return { request_range: { key: this.key(key) } };
  }

  entry(pair: IKeyValue): Entry {
    return {
      key: this.#text(pair),
      // It shares memory with the whole message; whoever keeps one value must not keep a page of them.
      value: Buffer.from(pair.value),
      createRevision: Number(pair.create_revision),
      modRevision: Number(pair.mod_revision),
    };
  }

  event(event: IEvent): WatchEvent {
    if (event.type === 'Put') return { type: 'put', entry: this.entry(event.kv) };
    return { type: 'delete', key: this.#text(event.kv), modRevision: Number(event.kv.mod_revision) };
  }

  #text(pair: IKeyValue): string {
    return pair.key.toString('latin1').slice(this.#prefix.length);
  }
}
