import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { MusterError } from '../../shared/errors.ts';
import type { EtcdTls } from './etcd/etcd-store.ts';

/** Paths of PEM files, as the settings name them. */
export interface StoreTlsFiles {
  readonly storeCa?: string | undefined;
  readonly storeCert?: string | undefined;
  readonly storeKey?: string | undefined;
}

const invalid = (field: string, message: string): MusterError =>
  new MusterError('INVALID_FIELD', `${field}: ${message}`, { field });

/**
 * Reads what TLS to the store needs. INVALID_FIELD names the flag: of a file that can't be read or is no PEM, of a certificate without
 * its key, of files where the store is not `etcds://`. Where no authority is given, those of Node.js are trusted.
 */
export async function readStoreTls(store: string, files: StoreTlsFiles): Promise<EtcdTls | undefined> {
  const { storeCa, storeCert, storeKey } = files;
  if (!store.startsWith('etcds://')) {
    const given = Object.entries({ '--store-ca': storeCa, '--store-cert': storeCert, '--store-key': storeKey });
    const [flag] = given.find(([, path]) => path !== undefined) ?? [];
    if (flag !== undefined) throw invalid(flag, 'is for a store with TLS; --store must begin with etcds://');
    return undefined;
  }
  if (storeCert !== undefined && storeKey === undefined) throw invalid('--store-key', 'is needed beside --store-cert');
  if (storeKey !== undefined && storeCert === undefined) throw invalid('--store-cert', 'is needed beside --store-key');
  const rootCertificate = storeCa === undefined ? undefined : await readCertificate('--store-ca', storeCa);
  const certificate = storeCert === undefined ? undefined : await readCertificate('--store-cert', storeCert);
  const privateKey = storeKey === undefined ? undefined : await readPem('--store-key', storeKey, 'PRIVATE KEY');
  return {
    ...(rootCertificate && { rootCertificate }),
    ...(certificate && { certificate }),
    ...(privateKey && { privateKey }),
  };
}

async function readCertificate(flag: string, path: string): Promise<Buffer> {
  const pem = await readPem(flag, path, 'CERTIFICATE');
  try {
    new X509Certificate(pem);
  } catch {
    throw invalid(flag, `${path} holds no certificate that can be read`);
  }
  return pem;
}

async function readPem(flag: string, path: string, what: string): Promise<Buffer> {
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (error) {
    throw invalid(flag, `${path} can not be read: ${(error as Error).message}`);
  }
  if (!new RegExp(`-----BEGIN [A-Z ]*${what}-----`).test(bytes.toString('latin1'))) {
    throw invalid(flag, `${path} is no PEM file with a ${what.toLowerCase()}`);
  }
  return bytes;
}
