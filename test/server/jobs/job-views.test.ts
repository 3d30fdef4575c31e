import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { raises, type StateName } from '../../../server/jobs/states.ts';
import { turn } from './view-fakes.ts';
import { type Name, type OtherName, ViewsWorld } from './views-world.ts';

const count = 2;
const other = fc.constantFrom<OtherName>('a', 'b');
const index = fc.nat({ max: count - 1 });
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('advance' as const), index }) },
  { weight: 8, arbitrary: fc.record({ do: fc.constant('learn' as const), index }) },
  { weight: 8, arbitrary: fc.record({ do: fc.constant('deliver' as const), name: other }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('link' as const), name: other }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('cut' as const), name: other }) },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('claim' as const),
      name: fc.constantFrom<Name>('a', 'b', 'w'),
      late: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('begin' as const) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('finish' as const), index }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('leave' as const),
      how: fc.constantFrom('hand over' as const, 'crash' as const, 'sleep' as const),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('catch up' as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('commit' as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('time' as const), ms: fc.nat({ max: 6000 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('store' as const), down: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('watch' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('unwatch' as const) }) },
);
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

async function take(world: ViewsWorld, watches: ReturnType<ViewsWorld['watch']>[], taken: Step): Promise<void> {
  switch (taken.do) {
    case 'advance':
      return world.advance(taken.index);
    case 'learn':
      return world.learn(taken.index);
    case 'deliver':
      return void world.deliver(taken.name);
    case 'link':
      return world.link(taken.name);
    case 'cut':
      return world.cut(taken.name);
    case 'claim':
      return world.claim(taken.name, taken.late);
    case 'begin':
      return world.begin();
    case 'finish':
      for (let n = 0; n < 3; n += 1) world.advance(taken.index);
      world.learn(taken.index);
      return world.commit();
    case 'leave':
      return world.leave(taken.how);
    case 'catch up':
      return world.catchUp();
    case 'commit':
      return world.commit();
    case 'time':
      return world.clock.advance(taken.ms);
    case 'store':
      world.storeDown = taken.down;
      return;
    case 'watch':
      if (!world.storeDown) watches.push(world.watch());
      return await turn();
    case 'unwatch':
      watches.shift()?.abort.abort(new Error('enough'));
  }
}

test('whoever feeds a job, and however often that changes, its watchers see states rise, and the truth in the end', async () => {
  const ends = fc.record({
    coordinator: fc.constantFrom<Name>('a', 'b', 'w'),
    storeless: fc.boolean(),
    mapFirst: fc.boolean(),
  });
  const run = fc.asyncProperty(fc.array(step, { maxLength: 60 }), ends, async (steps, end) => {
    const world = new ViewsWorld(count);
    world.claim('a');
    world.link('a');
    world.link('b');
    world.catchUp();
    const watches = [world.watch()];
    await turn();
    for (const taken of steps) {
      await take(world, watches, taken);
      await turn();
    }
    // Once things hold still, every watcher has all that the coordinator knows, whatever went before.
    world.storeDown = end.storeless;
    if (!world.coordinator) world.claim(end.coordinator);
    world.link('a');
    world.link('b');
    world.catchUp();
    await world.settle(2, 100);
    world.begin();
    await world.settle(8, 2500);
    for (const name of ['a', 'b'] as const) {
      const serves = name === world.coordinator && world.views.size > 0 ? 1 : 0;
      assert.equal(world.others[name].feeds.size, serves);
    }
    for (const { told, coordinator } of watches) {
      for (const [index, known] of world.known.entries()) {
        const [last, truth] = [told[index]?.at(-1) ?? 'EXECUTION_STATE_PENDING', world.truth[index] as StateName];
        // An earlier coordinator may have told of more than this one has heard of.
        assert.ok(!raises(last, known), `${last} was told, ${known} is known`);
        assert.ok(last === truth || raises(last, truth), `${last} was told of what is ${truth}`);
      }
      assert.equal(coordinator, world.coordinator);
    }
    // And the end arrives over the link alone.
    world.close();
    if (end.mapFirst) world.catchUp();
    await world.settle(8, 2500);
    for (const { told, wrong, job, ended } of watches) {
      assert.deepEqual(wrong, []);
      assert.equal(job, 'JOB_STATE_CLOSED');
      assert.deepEqual(
        told.map((states) => states.at(-1)),
        world.truth,
      );
      await ended;
    }
    assert.equal(world.views.size, 0);
    assert.deepEqual([world.others.a.feeds.size, world.others.b.feeds.size], [0, 0]);
  });
  await fc.assert(run, { numRuns: 300 });
});

test('a watch of a job whose coordinator is out of reach waits for nobody, and is live once somebody is there', async () => {
  const world = new ViewsWorld(count);
  world.claim('a');
  world.catchUp();
  const watch = world.watch();
  await world.settle(1, 0);
  assert.deepEqual([watch.job, watch.coordinator], ['JOB_STATE_OPEN', 'a']);
  world.leave('crash');
  world.catchUp();
  await world.settle(1, 0);
  assert.equal(watch.coordinator, '');
  world.claim('b');
  world.advance(0);
  world.learn(0);
  world.link('b');
  world.catchUp();
  await world.settle(1, 0);
  assert.deepEqual([watch.told[0]?.at(-1), watch.coordinator], ['EXECUTION_STATE_DISPATCHED', 'b']);
  watch.abort.abort(new Error('enough'));
});

test('a watch that waits for the word of a coordinator goes on at once when that one is lost', async () => {
  const world = new ViewsWorld(count);
  world.link('a');
  world.claim('a');
  world.catchUp();
  const watch = world.watch();
  await turn();
  assert.equal(watch.job, '');
  world.cut('a');
  await turn();
  assert.equal(watch.job, 'JOB_STATE_OPEN');
  watch.abort.abort(new Error('enough'));
});

test('who asks but once gets what the coordinator knows, though its link comes up a moment later', async () => {
  const world = new ViewsWorld(count);
  world.claim('a');
  world.advance(0);
  world.learn(0);
  world.catchUp();
  const asked = world.views.snapshot(world.id, new AbortController().signal).then((found) => found?.stateAt(0));
  await turn();
  world.link('a');
  await world.settle(1, 0);
  assert.equal(await asked, 'EXECUTION_STATE_DISPATCHED');
});

test('ends come by way of the store while the coordinator can not be reached, and stop being looked for when it can', async () => {
  const world = new ViewsWorld(count);
  world.claim('a');
  world.catchUp();
  const watch = world.watch();
  await world.settle(1, 0);
  for (let n = 0; n < 3; n += 1) world.advance(0);
  world.learn(0);
  world.commit();
  await world.settle(3, 5000);
  assert.deepEqual([watch.told[0]?.at(-1), watch.job], ['EXECUTION_STATE_SUCCEEDED', 'JOB_STATE_OPEN']);
  world.link('a');
  await world.settle(3, 5000);
  const { reads } = world;
  await world.settle(3, 5000);
  assert.equal(world.reads, reads);
  world.close();
  world.catchUp();
  await world.settle(2, 5000);
  await watch.ended;
});

test('a job whose coordinator died with the last word unsaid ends from the store', async () => {
  const world = new ViewsWorld(count);
  world.link('a');
  world.claim('a');
  world.catchUp();
  const watch = world.watch();
  await world.settle(2, 0);
  world.cut('a');
  world.close();
  world.storeDown = true;
  world.catchUp();
  await world.settle(4, 2500);
  assert.equal(watch.job, 'JOB_STATE_OPEN');
  world.storeDown = false;
  await world.settle(4, 2500);
  await watch.ended;
  assert.deepEqual([watch.wrong, watch.job], [[], 'JOB_STATE_CLOSED']);
});

test('a late word of an earlier coordinator takes nothing back', async () => {
  const world = new ViewsWorld(count);
  world.link('a');
  world.link('b');
  world.claim('a');
  world.catchUp();
  const watch = world.watch();
  await world.settle(2, 0);
  world.advance(0);
  world.learn(0);
  // On its way, while the next one tells of the end already.
  await turn();
  world.leave('sleep');
  world.claim('b');
  world.advance(0);
  world.advance(0);
  world.learn(0);
  world.catchUp();
  for (let n = 0; n < 4; n += 1) {
    world.deliver('b');
    await turn();
  }
  assert.deepEqual(watch.told[0], ['EXECUTION_STATE_PENDING', 'EXECUTION_STATE_SUCCEEDED']);
  await world.settle(2, 0);
  assert.deepEqual([watch.told[0]?.length, watch.wrong], [2, []]);
  watch.abort.abort(new Error('enough'));
});

test('what a link can not take waits as one mark a target', async () => {
  const world = new ViewsWorld(count);
  world.link('a');
  world.claim('a');
  world.catchUp();
  const watch = world.watch();
  await world.settle(2, 0);
  const { link } = world.others.a;
  for (let round = 0; round < 3; round += 1) {
    for (let index = 0; index < count; index += 1) {
      world.advance(index);
      world.learn(index);
      await turn();
    }
  }
  assert.ok((link?.far.queue.length ?? 0) <= 2, `${link?.far.queue.length} frames wait`);
  await world.settle(2, 0);
  assert.deepEqual(
    watch.told.map((states) => states.at(-1)),
    world.truth,
  );
  watch.abort.abort(new Error('enough'));
});

test('a view that nobody looks at any more is dropped after a while, and its watch ended', async () => {
  const world = new ViewsWorld(count);
  world.link('a');
  world.claim('a');
  world.catchUp();
  const watch = world.watch();
  await world.settle(2, 0);
  assert.equal(world.others.a.feeds.size, 1);
  watch.abort.abort(new Error('enough'));
  await world.settle(1, 0);
  assert.equal(world.views.size, 1);
  await world.settle(2, 6000);
  assert.deepEqual([world.views.size, world.others.a.feeds.size], [0, 0]);
});

test('a replica that stops ends its watches with REPLICA_STOPPING', async () => {
  const world = new ViewsWorld(count);
  const watch = world.watch();
  await world.settle(1, 2500);
  world.views.close();
  await assert.rejects(watch.ended, { reason: 'REPLICA_STOPPING' });
  assert.equal(world.views.size, 0);
});
