// What bare etcd3 takes to read every key below a prefix, in pages, and keep their bytes.
import { Etcd3 } from 'etcd3';
import { serveAsks } from '../harness/asks.ts';
import { heldBytes } from '../harness/held-bytes.ts';

const pageKeys = 10_000;

/** A range's end for "every key that begins so". */
function endOf(prefix: string): Buffer {
  const end = Buffer.from(prefix);
  end[end.length - 1] = (end.at(-1) ?? 0) + 1;
  return end;
}

async function readAll(client: Etcd3, prefix: string): Promise<Map<string, Buffer>> {
  const found = new Map<string, Buffer>();
  let from = Buffer.from(prefix);
  for (let more = true; more; ) {
    const page = await client.kv.range({ key: from, range_end: endOf(prefix), limit: pageKeys });
    for (const { key, value } of page.kvs) found.set(key.toString(), value);
    const last = page.kvs.at(-1)?.key;
    if (last) from = Buffer.concat([last, Buffer.alloc(1)]);
    more = page.more;
  }
  return found;
}

serveAsks({
  read: async ({ endpoint, prefixes }: { endpoint: string; prefixes: readonly string[] }) => {
    const client = new Etcd3({
      hosts: `http://${endpoint}`,
      grpcOptions: { 'grpc.max_receive_message_length': 2 ** 26 },
    });
    const before = heldBytes();
    const begin = performance.now();
    const all: Map<string, Buffer>[] = [];
    for (const prefix of prefixes) all.push(await readAll(client, prefix));
    const elapsedMs = performance.now() - begin;
    const bytes = heldBytes() - before;
    const keys = all.reduce((sum, found) => sum + found.size, 0);
    client.close();
    return { elapsedMs, bytes, keys };
  },
});
