import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatTraceparent, parseTraceparent } from '../../../shared/telemetry/traceparent.ts';

const traceId = '0af7651916cd43dd8448eb211c80319c';
const spanId = 'b7ad6b7169203331';

test('a traceparent is taken apart and put together again', () => {
  const text = `00-${traceId}-${spanId}-01`;
  assert.deepEqual(parseTraceparent(text), { traceId, spanId, flags: 1 });
  assert.equal(formatTraceparent({ traceId, spanId, flags: 1 }), text);
  assert.equal(formatTraceparent({ traceId, spanId, flags: 0 }).slice(-2), '00');
});

test('a later version may bring more fields, this one may not', () => {
  assert.deepEqual(parseTraceparent(`cc-${traceId}-${spanId}-01-what-comes`), { traceId, spanId, flags: 1 });
  assert.equal(parseTraceparent(`00-${traceId}-${spanId}-01-more`), undefined);
});

test('what is malformed or all zeros is no traceparent', () => {
  const wrong = [
    '',
    'x',
    `ff-${traceId}-${spanId}-01`,
    `00-${'0'.repeat(32)}-${spanId}-01`,
    `00-${traceId}-${'0'.repeat(16)}-01`,
  ];
  for (const text of [...wrong, `00-${traceId.toUpperCase()}-${spanId}-01`, `00-${traceId}-${spanId}`]) {
    assert.equal(parseTraceparent(text), undefined, text);
  }
});
