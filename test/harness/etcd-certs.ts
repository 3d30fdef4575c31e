import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  BasicConstraintsExtension,
  cryptoProvider,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  type X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';

/** Paths of PEM files. */
export interface CertFiles {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

const dayMs = 24 * 3_600_000;
const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

/** Makes an authority, and one certificate of it for `localhost` and 127.0.0.1 that serves both ends, in `folder`. */
export async function writeEtcdCerts(folder: string): Promise<CertFiles> {
  const crypto = webcrypto as unknown as Crypto;
  cryptoProvider.set(crypto);
  const [notBefore, notAfter] = [new Date(Date.now() - dayMs), new Date(Date.now() + dayMs)];
  const shared = { notBefore, notAfter, signingAlgorithm: algorithm };
  const authority = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const ca = await X509CertificateGenerator.createSelfSigned(
    {
      ...{ ...shared, serialNumber: '01', name: 'CN=etcd test authority', keys: authority },
      extensions: [
        new BasicConstraintsExtension(true, 1, true),
        new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      ],
    },
    crypto,
  );
  const pair = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const leaf = await X509CertificateGenerator.create(
    {
      ...{ ...shared, serialNumber: '02', subject: 'CN=etcd', issuer: ca.subject },
      publicKey: pair.publicKey,
      signingKey: authority.privateKey,
      extensions: [
        new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth, ExtendedKeyUsage.clientAuth]),
        new SubjectAlternativeNameExtension([
          { type: 'dns', value: 'localhost' },
          { type: 'ip', value: '127.0.0.1' },
        ]),
      ],
    },
    crypto,
  );
  const key = PemConverter.encode(await crypto.subtle.exportKey('pkcs8', pair.privateKey), 'PRIVATE KEY');
  return {
    ca: written(folder, 'ca.pem', pem(ca)),
    cert: written(folder, 'etcd.pem', pem(leaf)),
    key: written(folder, 'etcd.key', key),
  };
}

const pem = (certificate: X509Certificate): string => certificate.toString('pem');

function written(folder: string, name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, `${text}\n`, { mode: 0o600 });
  return path;
}
