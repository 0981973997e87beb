// A reporter for `node --test` that writes nothing but the counts of each file, as one line of JSON, for run-tests.mjs to
// add up. Suites are not counted: only what ran as a test.
export default async function* count(events) {
  const files = {}
  for await (const { type, data } of events) {
    if ((type !== 'test:pass' && type !== 'test:fail') || data.details?.type === 'suite') continue
    files[data.file ?? ''] ??= { passed: 0, failed: 0, skipped: 0 }
    const counts = files[data.file ?? '']
    if (data.skip !== undefined && data.skip !== false) counts.skipped++
    else if (type === 'test:pass') counts.passed++
    else counts.failed++
  }
  yield JSON.stringify(files)
}
