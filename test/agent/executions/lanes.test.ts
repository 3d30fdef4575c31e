import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { LanePlaces } from '../../../agent/executions/lane-places.ts';
import { nextInLane } from '../../../agent/executions/lanes.ts';
import { type ExecutionId, executionId, newJobId, newNodeUid } from '../../../shared/ids.ts';

const uid = newNodeUid();

describe('who of a lane may start', () => {
  const candidate = fc.record({ turn: fc.nat(1000), concurrency: fc.integer({ min: 1, max: 6 }) });
  const waiting = fc.uniqueArray(candidate, { selector: ({ turn }) => turn, maxLength: 20 });

  test('each only where fewer than its own bound run, those before it included', () => {
    fc.assert(
      fc.property(fc.nat(8), waiting, (running, waiting) => {
        for (const [at, { concurrency }] of nextInLane(running, waiting).entries())
          assert.ok(running + at < concurrency);
      }),
    );
  });

  test('strictly in turn: whoever starts comes before whoever waits', () => {
    fc.assert(
      fc.property(fc.nat(8), waiting, (running, waiting) => {
        const next = nextInLane(running, waiting);
        const left = waiting.filter((one) => !next.includes(one)).map(({ turn }) => turn);
        for (const { turn } of next) assert.ok(left.every((other) => turn < other));
      }),
    );
  });

  test('the first of those that wait, as soon as it may: nobody is kept waiting without need', () => {
    fc.assert(
      fc.property(fc.nat(8), waiting, (running, waiting) => {
        const next = nextInLane(running, waiting);
        const first = waiting.filter((one) => !next.includes(one)).sort((a, b) => a.turn - b.turn)[0];
        if (first) assert.ok(running + next.length >= first.concurrency);
      }),
    );
  });
});

/** What may happen to the lanes of a node. */
type Happening =
  | { readonly do: 'enter'; readonly lane: string; readonly concurrency: number }
  | { readonly do: 'end'; readonly which: number }
  | { readonly do: 'give-up'; readonly which: number };

describe('places in lanes', () => {
  test('a turn that is still on its way to the journal is waited for, until it enters or is given up', () => {
    const lanes = new LanePlaces();
    const placed: string[] = [];
    const enter = (name: string, turn: number): ExecutionId => {
      const id = executionId(newJobId(), uid, 1);
      lanes.enter('a', { id, turn, concurrency: 1, onPlace: () => placed.push(name) });
      return id;
    };
    const [one, two, three] = [lanes.nextTurn('a'), lanes.nextTurn('a'), lanes.nextTurn('a')];
    enter('two', two);
    assert.deepEqual([...placed], []);
    const first = enter('one', one);
    assert.deepEqual([...placed], ['one']);
    lanes.leave('a', first);
    assert.deepEqual([...placed], ['one', 'two']);
    lanes.giveUp('a', three);
    const [four, five] = [lanes.nextTurn('b'), lanes.nextTurn('b')];
    lanes.enter('b', { id: first, turn: five, concurrency: 1, onPlace: () => placed.push('five') });
    assert.deepEqual([...placed], ['one', 'two']);
    lanes.giveUp('b', four);
    assert.deepEqual([...placed], ['one', 'two', 'five']);
  });

  const happening: fc.Arbitrary<Happening> = fc.oneof(
    fc.record({
      do: fc.constant('enter' as const),
      lane: fc.constantFrom('a', 'b', 'c'),
      concurrency: fc.integer({ min: 1, max: 4 }),
    }),
    fc.record({ do: fc.constant('end' as const), which: fc.nat(50) }),
    fc.record({ do: fc.constant('give-up' as const), which: fc.nat(50) }),
  );

  test('whatever comes, ends and gives up: no bound is exceeded, each lane keeps its order, none starves', () => {
    fc.assert(
      fc.property(fc.array(happening, { maxLength: 80 }), fc.nat(3), (happenings, heldAtFirst) => {
        const lanes = new LanePlaces();
        const running = new Map<ExecutionId, string>();
        const waiting = new Map<ExecutionId, { lane: string; turn: number }>();
        for (let n = 0; n < heldAtFirst; n++) {
          const id = executionId(newJobId(), uid, 1);
          lanes.hold('a', id);
          running.set(id, 'a');
        }
        const runningIn = (lane: string): number => [...running.values()].filter((other) => other === lane).length;
        const leave = (id: ExecutionId, lane: string): void => {
          running.delete(id);
          waiting.delete(id);
          lanes.leave(lane, id);
        };
        for (const what of happenings) {
          if (what.do === 'enter') {
            const { lane, concurrency } = what;
            const id = executionId(newJobId(), uid, 1);
            const turn = lanes.nextTurn();
            waiting.set(id, { lane, turn });
            const onPlace = (): void => {
              assert.ok(runningIn(lane) < concurrency, 'its own bound');
              const before = [...waiting.values()].filter((other) => other.lane === lane && other.turn < turn);
              assert.deepEqual(before, [], 'nobody is passed');
              waiting.delete(id);
              running.set(id, lane);
            };
            lanes.enter(lane, { id, turn, concurrency, onPlace });
          } else {
            const all = what.do === 'end' ? [...running] : [...waiting].map(([id, { lane }]) => [id, lane] as const);
            const one = all[what.which % Math.max(1, all.length)];
            if (one) leave(one[0], one[1]);
          }
          for (const { lane } of waiting.values())
            assert.ok(runningIn(lane) > 0, 'a lane in which none runs has none waiting');
        }
        for (let left = running.size + waiting.size; left > 0; left--) {
          const [id, lane] = [...running][0] ?? assert.fail('some wait and none runs');
          leave(id, lane);
        }
        assert.equal(waiting.size, 0);
      }),
    );
  });
});
