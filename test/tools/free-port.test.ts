import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { execa } from 'execa';
import { freePort, freePortRow } from '../../tools/free-port.ts';

const module = join(import.meta.dirname, '../../tools/free-port.ts');
/** More than a third of all there are, so that what is picked by chance falls on the same one. */
const asking = `
  const { freePort } = await import(${JSON.stringify(module)});
  const ports = await Promise.all(Array.from({ length: 1500 }, () => freePort()));
  console.log(JSON.stringify(ports));
  process.stdin.resume();
`;

test('processes beside each other are never given the same port', async () => {
  const programs = [0, 1, 2].map(() =>
    execa(process.execPath, ['--input-type=module', '-e', asking], { stdin: 'pipe' }),
  );
  const lists = await Promise.all(
    programs.map(async (program) => {
      let said = '';
      while (!said.includes('\n')) said += String((await once(program.stdout, 'data'))[0]);
      return JSON.parse(said) as number[];
    }),
  );
  for (const program of programs) program.stdin.end();
  await Promise.all(programs);
  const ports = lists.flat();
  assert.equal(ports.length, 4500);
  assert.equal(new Set(ports).size, 4500);
});

test('a port in use is left out, and so is a row with one', async () => {
  const before = await freePort();
  const server = createServer().listen(before + 2, '127.0.0.1');
  await once(server, 'listening');
  try {
    assert.equal(await freePortRow(1), before + 1);
    assert.equal(await freePortRow(3), before + 5);
  } finally {
    server.close();
  }
});
