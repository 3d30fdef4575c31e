import { invalidField } from '../../shared/errors.ts';
import { checkKey, checkPrefix } from './key-range.ts';
import type { ListOptions, Operation, Transaction } from './store.ts';

/** Compares, gets and operations of both branches together; etcd's own limit is 128 of each. */
export const operationLimit = 100;
/** Keys and values of a transaction together; etcd refuses a request over 1.5 MiB. */
export const transactionBytesLimit = 1_400_000;
export const pageLimit = 10_000;
export const defaultPage = 1000;

/** Rejects, the same for every driver, what one of them could not carry out. */
export function checkTransaction(transaction: Transaction): void {
  const { if: compares = [], then, otherwise = [], get = [] } = transaction;
  const operations = compares.length + then.length + otherwise.length + get.length;
  if (operations > operationLimit) {
    throw invalidField('transaction', `has ${operations} operations, at most ${operationLimit} are allowed`);
  }
  let bytes = 0;
  for (const compare of compares) {
    checkKey(compare.key);
    bytes += compare.key.length + ('value' in compare ? compare.value.length : 0);
  }
  for (const key of get) checkKey(key);
  bytes += checkBranch(then) + checkBranch(otherwise);
  if (bytes > transactionBytesLimit) {
    throw invalidField('transaction', `has ${bytes} bytes, at most ${transactionBytesLimit} are allowed`);
  }
}

export function checkListOptions({ limit, revision }: ListOptions): void {
  if (limit !== undefined && (!Number.isInteger(limit) || limit < 1 || limit > pageLimit)) {
    throw invalidField('limit', `must be 1 to ${pageLimit}, not ${limit}`);
  }
  if (revision !== undefined && (!Number.isSafeInteger(revision) || revision < 1)) {
    throw invalidField('revision', `must be a revision, not ${revision}`);
  }
}

function checkBranch(operations: readonly Operation[]): number {
  let bytes = 0;
  const puts = new Set<string>();
  const deletes = new Set<string>();
  const prefixes: string[] = [];
  for (const operation of operations) {
    if ('put' in operation) {
      checkKey(operation.put);
      if (puts.has(operation.put)) throw twice(operation.put);
      puts.add(operation.put);
      bytes += operation.put.length + operation.value.length;
    } else if ('delete' in operation) {
      checkKey(operation.delete);
      deletes.add(operation.delete);
      bytes += operation.delete.length;
    } else {
      checkPrefix(operation.deletePrefix);
      prefixes.push(operation.deletePrefix);
      bytes += operation.deletePrefix.length;
    }
  }
  for (const put of puts) {
    if (deletes.has(put) || prefixes.some((prefix) => put.startsWith(prefix))) throw twice(put);
  }
  return bytes;
}

// One revision holds one change of a key: etcd refuses more, and a watcher could not tell them apart.
const twice = (key: string): Error => invalidField('transaction', `writes ${key} twice`);
