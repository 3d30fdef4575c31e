import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type EraRecord, eraByAgent, eraOf, maxEraJump } from '../../../server/store/era-rules.ts';

const era = fc.integer({ min: 1, max: 50 });
const record: fc.Arbitrary<EraRecord> = fc.record({
  era,
  clusterId: fc.constantFrom('a', 'b'),
  unconfirmed: fc.boolean(),
  reason: fc.constantFrom('begun', 'rolled-back', 'wiped'),
  sinceUnixMs: fc.nat(),
});

test('whatever a running replica finds, the era it ends with is no lower than the one it knew, and higher where the store is another', () => {
  fc.assert(
    fc.property(record, fc.option(record, { nil: undefined }), fc.boolean(), (known, found, setBack) => {
      const change = eraOf({ known, found, setBack }, 'new');
      const after = change ?? found;
      assert.ok(after !== undefined && after.era >= known.era);
      const another = found === undefined || found.clusterId !== known.clusterId || setBack || found.era < known.era;
      if (another) assert.ok(after.era > known.era, 'another store, and epochs may repeat');
      else assert.equal(change, undefined);
    }),
  );
});

test('a store that is gone or of another life waits for an operator, unless somebody has raised its era already', () => {
  fc.assert(
    fc.property(record, fc.option(record, { nil: undefined }), fc.boolean(), (known, found, setBack) => {
      const change = eraOf({ known, found, setBack }, 'new');
      if (change === undefined) return;
      const wiped = found === undefined || found.clusterId !== known.clusterId;
      assert.equal(change.reason, wiped ? 'wiped' : 'rolled-back');
      if (wiped) assert.equal(change.unconfirmed, true);
      else assert.equal(change.unconfirmed, found.unconfirmed, 'a restored store is confirmed as far as it was');
    }),
  );
});

test('the first of several replicas raises the era, the others find it raised', () => {
  fc.assert(
    fc.property(record, fc.option(record, { nil: undefined }), (known, found) => {
      const change = eraOf({ known, found, setBack: true }, 'new');
      if (change === undefined) return;
      const second = eraOf({ known, found: { ...change, sinceUnixMs: 0 }, setBack: true }, 'newer');
      assert.equal(second, undefined);
    }),
  );
});

const agentView = fc.record({
  found: record,
  given: fc.record({ era, revision: fc.integer({ min: 1, max: 50 }) }),
  agent: fc.record({ era: fc.integer({ min: 0, max: 60 }), revision: fc.integer({ min: 0, max: 60 }) }),
  knownNode: fc.boolean(),
  anyJob: fc.boolean(),
});

test('an agent raises the era exactly where it has seen more than the store can give, to above what it has seen', () => {
  fc.assert(
    fc.property(agentView, (view) => {
      const { found, agent, given, knownNode, anyJob } = view;
      fc.pre(given.era <= found.era);
      const change = eraByAgent(view);
      const proof = agent.era === found.era && given.era === found.era && agent.revision >= given.revision;
      const ahead = agent.era > found.era || proof;
      assert.ok(change !== 'implausible');
      assert.equal(change !== undefined, ahead);
      if (change === undefined) return;
      assert.ok(change.era > agent.era && change.era > found.era);
      const wiped = !knownNode && !anyJob;
      assert.equal(change.reason, wiped ? 'wiped' : 'rolled-back');
      assert.equal(change.unconfirmed, wiped || found.unconfirmed);
    }),
  );
});

test('a lying agent can not use the eras up', () => {
  const found: EraRecord = { era: 3, clusterId: 'a', unconfirmed: false, reason: 'begun', sinceUnixMs: 0 };
  const ask = (agentEra: number) =>
    eraByAgent({
      ...{ found, given: { era: 3, revision: 9 }, knownNode: true, anyJob: true },
      agent: { era: agentEra, revision: 1 },
    });
  assert.equal(ask(Number.MAX_SAFE_INTEGER), 'implausible');
  assert.equal(ask(3 + maxEraJump + 1), 'implausible');
  assert.equal((ask(3 + maxEraJump) as { era: number }).era, 4 + maxEraJump);
});
