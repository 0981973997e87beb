// A reporter for `node --test` that writes nothing but the counts, as one line of JSON, for scripts/test.mjs to add up.
// Suites are not counted: only what ran as a test.
export default async function* count(events) {
  const totals = { passed: 0, failed: 0, skipped: 0 }
  for await (const { type, data } of events) {
    if ((type !== 'test:pass' && type !== 'test:fail') || data.details?.type === 'suite') continue
    if (data.skip !== undefined && data.skip !== false) totals.skipped++
    else if (type === 'test:pass') totals.passed++
    else totals.failed++
  }
  yield JSON.stringify(totals)
}
