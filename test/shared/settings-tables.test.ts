import assert from 'node:assert/strict';
import { test } from 'node:test';
import { agentSettings } from '../../agent/settings.ts';
import { replicaSettings } from '../../server/settings.ts';
import type { MusterError } from '../../shared/errors.ts';
import { settingsReference } from '../../tools/settings-reference.ts';

const odd = '\u0001';

for (const settings of [agentSettings, replicaSettings]) {
  test(`every setting of ${settings.program} has a flag, a variable, a sentence of its own and a line in the reference`, () => {
    const reference = settingsReference([settings]);
    assert.ok(settings.rows.length > 0);
    for (const row of settings.rows) {
      assert.match(row.flag, /^[a-z]+(-[a-z]+)*$/, row.name);
      assert.match(row.env, /^MUSTER_[A-Z]+(_[A-Z]+)*$/, row.name);
      assert.match(row.doc, /^\S.{8,}[.]$/s, row.name);
      assert.ok(reference.includes(`\`--${row.flag}`) && reference.includes(`\`${row.env}\``), row.name);
      assert.ok(settings.help().includes(`--${row.flag}`), row.name);
    }
    const distinct = new Set(settings.rows.map(({ doc }) => doc));
    assert.equal(distinct.size, settings.rows.length);
  });

  test(`every setting of ${settings.program} is read from its flag and from its variable`, () => {
    const required = settings.rows.filter((row) => row.required);
    for (const row of settings.rows) {
      const others = required.filter((other) => other !== row).map((other) => `--${other.flag}=127.0.0.1:1`);
      // Some take the odd text as it is, the others refuse it by name: either shows that it was read.
      const outcome = (argv: string[], env: Record<string, string>): unknown => {
        try {
          return Object.entries(settings.parse([...others, ...argv], env)).find(([name]) => name === row.name)?.[1];
        } catch (error) {
          return (error as MusterError).field;
        }
      };
      assert.ok([odd, `--${row.flag}`].includes(String(outcome([`--${row.flag}=${odd}`], {}))), row.name);
      assert.ok([odd, row.env].includes(String(outcome([], { [row.env]: odd }))), row.name);
    }
  });
}
