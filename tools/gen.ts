// Writes everything that is generated from proto/: TypeScript types, the message bundle that programs load at run time,
// and the file descriptors that reflection serves. `npm run gen`; `npm run check` fails when the result would differ.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, relative } from 'node:path';
import { execaSync } from 'execa';

const protoDir = join(import.meta.dirname, '../proto');
const outDir = process.argv[2] ?? join(protoDir, 'gen');

const files = readdirSync(protoDir, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.proto'))
  .sort();

rmSync(outDir, { recursive: true, force: true });
mkdirSync(outDir, { recursive: true });

execaSync(
  'proto-loader-gen-types',
  ['--longs=Number', '--enums=String', '--bytes=Buffer', '--defaults', '--oneofs', '--grpcLib=@grpc/grpc-js']
    .concat(['--importFileExtension=.ts', '-I', protoDir, '-O', outDir])
    .concat(files),
  { preferLocal: true, cwd: protoDir },
);
// The per-file indexes repeat what each message's own file says, and import the loader; nothing uses them.
for (const entry of readdirSync(outDir)) {
  if (entry.endsWith('.ts')) rmSync(join(outDir, entry));
}
for (const file of readdirSync(outDir, { recursive: true, encoding: 'utf8' })) {
  if (!file.endsWith('.ts')) continue;
  const path = join(outDir, file);
  const text = readFileSync(path, 'utf8').replace(/^\/\/ Original file: .*$/gm, () => {
    const source = files.find((name) => file.startsWith(name.slice(0, name.lastIndexOf('/'))));
    return `// Generated from proto/${source?.slice(0, source.lastIndexOf('/'))} by npm run gen.`;
  });
  writeFileSync(path, text);
}

// protobufjs is what @grpc/proto-loader is built on; it is asked for where the loader finds its own.
const fromLoader = createRequire(createRequire(import.meta.url).resolve('@grpc/proto-loader'));
const protobuf = fromLoader('protobufjs') as {
  Root: new () => {
    resolvePath(origin: string, target: string): string;
    loadSync(files: string[], options: object): { resolveAll(): unknown; toJSON(): object };
  };
};
const root = new protobuf.Root();
const resolvePath = root.resolvePath.bind(root);
root.resolvePath = (origin, target) => (files.includes(target) ? join(protoDir, target) : resolvePath(origin, target));
const loaded = root.loadSync(
  files.map((file) => join(protoDir, file)),
  { keepCase: false },
);
loaded.resolveAll();
writeFileSync(join(outDir, 'bundle.json'), `${JSON.stringify(loaded.toJSON())}\n`);

execaSync('buf', ['build', relative(process.cwd(), protoDir) || '.', '-o', join(outDir, 'descriptors.binpb')], {
  preferLocal: true,
});
