import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Server } from '@grpc/grpc-js';
import type { PackageDefinition } from '@grpc/proto-loader';
import { ReflectionService } from '@grpc/reflection';
import { generatedDir } from '../../shared/rpc/proto.ts';

/**
 * Serves reflection (v1 and v1alpha) from the file descriptors that buf built. Those that the loader makes up itself name their
 * imports wrongly, and real clients then see nothing.
 */
export function addReflection(server: Server, services: readonly string[]): void {
  const fileDescriptorProtos = fileDescriptors(readFileSync(join(generatedDir, 'descriptors.binpb')));
  const described = Object.fromEntries(services.map((name) => [name, { fileDescriptorProtos, format: '', type: {} }]));
  new ReflectionService(described as unknown as PackageDefinition, { services: [...services] }).addToServer(server);
}

/** The entries of a FileDescriptorSet: field 1, length-delimited, again and again. */
export function fileDescriptors(set: Buffer): Buffer[] {
  const files: Buffer[] = [];
  for (let at = 0; at < set.length; ) {
    if (set[at] !== 0x0a) throw new Error(`no FileDescriptorSet: field tag ${set[at]} at ${at}`);
    at += 1;
    let length = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = set[at] ?? 0;
      at += 1;
      length += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) break;
    }
    files.push(set.subarray(at, at + length));
    at += length;
  }
  return files;
}
